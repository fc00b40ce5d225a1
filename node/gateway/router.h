// Which request goes to which answer. Immutable once made, thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/signer.h"
#include "node/gateway/http.h"

namespace decentd {

// One request on its way to its answer.
struct Call {
  std::shared_ptr<HttpExchange> exchange;
  std::string argument;  // what stands in the path where the pattern has {...}
  PublicKey client;      // whom limits count it for; zeros where no key was asked for
};

struct Route {
  std::string method;   // "GET"
  std::string pattern;  // "/v1/rounds/{id}/events": {...} is one part; a last {...*} the whole rest
  bool open = false;    // answered without an API key
  bool slow = false;    // by a worker: it reads the store, or asks the node how it is
  std::function<void(const Call&)> run;
};

class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // The first that fits, and its argument; null where none does.
  const Route* Find(std::string_view method, std::string_view path, std::string* argument) const;
  // "GET, POST": what the path takes; empty for an unknown path.
  std::string Allowed(std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace decentd
