// One client's connection: reads a request, writes its answer, closes. Includes the HTTP library,
// so only http_server.cc and the http_connection*.cc include this.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "node/gateway/http.h"
#include "node/gateway/http_server.h"

namespace decentd {

class HttpConnection;

// What the connections of a server share. Outlives the server where somebody still holds one.
struct HttpShared {
  boost::asio::io_context io{2};
  HttpLimits limits;
  HttpHandler handler;
  std::atomic<bool> stopped{false};  // no thread runs `io` any more

  std::mutex mutex;
  std::condition_variable changed;
  std::map<HttpConnection*, std::weak_ptr<HttpConnection>> open;
};

// Everything below runs on the connection's strand.
class HttpConnection final : public HttpExchange,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  HttpConnection(std::shared_ptr<HttpShared> shared, Socket socket);
  ~HttpConnection() override;

  void Start();
  // One too many: says so, if the client is quick to read, and closes.
  void Refuse();
  // The server stops: the last words.
  void Stop();
  // No thread runs any more: ends it here and now.
  void Abandon();

  const HttpRequest& request() const override { return request_; }
  bool gone() const override { return gone_; }
  void Reply(HttpReply reply) override;
  void StartStream() override;
  void Write(std::string events) override;
  void EndStream() override;
  void Post(std::function<void()> task) override;
  void After(std::chrono::milliseconds delay, std::function<void()> task) override;
  void OnStop(std::function<void()> task) override;
  void OnEnd(std::function<void()> task) override;

 private:
  using Error = boost::system::error_code;
  enum class State { kReading, kHandling, kStreaming, kClosing, kEnded };

  void ReadHeader();
  void OnHeader(Error error);
  void ReadBody();
  void OnBody(Error error);
  void RefuseUnread(Error error, const std::string& waited_for);
  void Handle();
  void WatchForHangUp();

  void Send(const HttpReply& reply);
  void SendChunk(const std::string& events);
  void Queue(std::string bytes);
  void WriteNext();
  void CommentLater();
  // Behind the last byte: lets the client read it, although it may still be sending.
  void Linger();
  void Drain();
  void End();
  void Deadline(std::chrono::milliseconds time, std::function<void()> late);

  const std::shared_ptr<HttpShared> shared_;
  Socket socket_;
  boost::asio::steady_timer deadline_, silence_, later_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  State state_ = State::kReading;
  HttpRequest request_;
  bool head_only_ = false, chunked_ = true, late_ = false, writing_ = false;
  std::atomic<bool> gone_{false};
  std::optional<std::chrono::steady_clock::time_point> answered_by_;  // or it ends
  std::deque<std::string> queue_;
  Admitted admitted_;
  size_t queued_bytes_ = 0;
  size_t front_written_ = 0;  // of the queue's first piece
  std::string drained_;
  std::function<void()> on_stop_, on_end_;
};

}  // namespace decentd
