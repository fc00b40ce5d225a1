#include "node/gateway/static_files.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "node/gateway/error_reply.h"

namespace decentd {
namespace {

constexpr char kFirstPage[] = "index.html", kDescription[] = "openapi.json";

// Scripts and styles of this server alone, no markup made from text, no page around it.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

std::string ContentType(std::string_view path) {
  static const std::map<std::string_view, std::string> types{
      {"html", "text/html; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},
      {"js", "text/javascript; charset=utf-8"},
      {"svg", "image/svg+xml"},
      {"json", "application/json"},
  };
  const auto found = types.find(path.substr(path.rfind('.') + 1));
  return found == types.end() ? "application/octet-stream" : found->second;
}

const EmbeddedFile* Find(std::string_view path) {
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

HttpReply Send(const EmbeddedFile& file) {
  return {.body = std::string(file.content), .content_type = ContentType(file.path)};
}

}  // namespace

HttpReply StaticFile(std::string_view path) {
  const EmbeddedFile* file =
      path == kDescription ? nullptr : Find(path.empty() ? kFirstPage : path);
  if (file == nullptr) {
    ApiError error{.status = 404, .code = "unknown_url"};
    error.message = absl::StrCat("the dashboard has no file ", std::string(path));
    return ErrorReply(error);
  }
  HttpReply reply = Send(*file);
  reply.headers = {{"Content-Security-Policy", kPolicy},
                   {"Referrer-Policy", "no-referrer"},
                   {"Cross-Origin-Opener-Policy", "same-origin"}};
  return reply;
}

HttpReply ApiDescription() { return Send(*Find(kDescription)); }

}  // namespace decentd
