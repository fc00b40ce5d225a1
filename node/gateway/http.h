// HTTP as the gateway's files see it, without the library behind it: a request, and the exchange
// that answers it. One request a connection: a round takes seconds, a handshake does not.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace decentd {

struct HttpRequest {
  std::string method;  // "GET"; HEAD is shown as GET
  std::string path;    // as sent, without what stands behind '?'
  std::string query;   // what stands there
  std::string host, authorization, content_type, last_event_id;  // headers, empty where absent
  std::string body;
};

struct HttpReply {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};  // further ones
};

// One request and what answers it. Thread-safe; kept alive by whoever will answer.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual const HttpRequest& request() const = 0;
  // Nobody waits for it any more. A hint: it may end at any time.
  virtual bool gone() const = 0;
  // The whole answer. What is said after an answer, or once the exchange has ended, is dropped.
  virtual void Reply(HttpReply reply) = 0;
  // In its place a stream of server-sent events. A client that does not read ends its exchange.
  virtual void StartStream() = 0;
  virtual void Write(std::string events) = 0;
  virtual void EndStream() = 0;

  // Runs `task` on the server's threads, never at the same time as another of this exchange. Not
  // after it has ended.
  virtual void Post(std::function<void()> task) = 0;
  // The same once the time has passed. One timer an exchange: a later call replaces it.
  virtual void After(std::chrono::milliseconds delay, std::function<void()> task) = 0;
  // As Post, when the server stops: the last chance to answer.
  virtual void OnStop(std::function<void()> task) = 0;
  // Runs once, when the answer is on its way whole, or the client has gone. Frees what it holds.
  virtual void OnEnd(std::function<void()> task) = 0;
};

// A request that is let in.
struct Admitted {
  size_t body_bytes = 0;  // that its body may have; above it 413
  std::function<void(std::shared_ptr<HttpExchange>)> handle;
  // Until the answer is on its way whole, or nobody works at it any more.
  std::shared_ptr<const void> held;
};

struct HttpHandler {
  // Looks at a request whose body is not there yet: a reply refuses it.
  std::function<std::variant<HttpReply, Admitted>(const HttpRequest&)> admit;
  // Says what is wrong with a request that never came whole, in the API's words.
  std::function<HttpReply(int status, const std::string& message)> describe;
  // Told of each answer as it is begun; the request is empty where none could be read.
  std::function<void(const HttpRequest& request, int status)> answered;
};

}  // namespace decentd
