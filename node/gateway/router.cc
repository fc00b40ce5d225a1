#include "node/gateway/router.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace decentd {
namespace {

bool Fits(std::string_view pattern, std::string_view path, std::string* argument) {
  while (true) {
    if (pattern.starts_with('{')) {
      const bool rest = pattern.ends_with("*}");
      const size_t length = rest ? path.size() : std::min(path.find('/'), path.size());
      if (length == 0) return false;
      argument->assign(path.substr(0, length));
      pattern.remove_prefix(pattern.find('}') + 1);
      path.remove_prefix(length);
    }
    if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
    if (pattern.front() != path.front()) return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
}

}  // namespace

const Route* Router::Find(std::string_view method, std::string_view path,
                          std::string* argument) const {
  for (const Route& route : routes_) {
    if (route.method == method && Fits(route.pattern, path, argument)) return &route;
  }
  return nullptr;
}

std::string Router::Allowed(std::string_view path) const {
  std::string allowed, ignored;
  for (const Route& route : routes_) {
    if (!Fits(route.pattern, path, &ignored)) continue;
    absl::StrAppend(&allowed, allowed.empty() ? "" : ", ", route.method,
                    route.method == "GET" ? ", HEAD" : "");
  }
  return allowed;
}

}  // namespace decentd
