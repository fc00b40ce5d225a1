#include "node/gateway/http_connection.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr size_t kDrainBytes = 16 * 1024;

std::string Head(int status, const std::string& content_type) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  return absl::StrCat("HTTP/1.1 ", status, " ", std::string(reason),
                      "\r\nContent-Type: ", content_type,
                      "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff"
                      "\r\nConnection: close\r\n");
}

std::string Text(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpShared> shared, Socket socket)
    : shared_(std::move(shared)),
      socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      silence_(socket_.get_executor()),
      later_(socket_.get_executor()) {}

HttpConnection::~HttpConnection() {
  std::lock_guard lock(shared_->mutex);
  shared_->open.erase(this);
  shared_->changed.notify_all();
}

void HttpConnection::Start() {
  Post([this] { ReadHeader(); });
}

void HttpConnection::Refuse() {
  const HttpReply reply =
      shared_->handler.describe(503, "the gateway has as many connections as it takes");
  const std::string bytes = absl::StrCat(Head(503, reply.content_type),
                                         "Retry-After: 1\r\nContent-Length: ", reply.body.size(),
                                         "\r\n\r\n", reply.body);
  send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void HttpConnection::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(shared_->limits.header_bytes));
  parser_->body_limit(shared_->limits.body_bytes);
  Deadline(shared_->limits.header_time, [this] {
    late_ = true;
    socket_.cancel();
  });
  http::async_read_header(
      socket_, buffer_, *parser_,
      [self = shared_from_this()](Error error, size_t) { self->OnHeader(error); });
}

void HttpConnection::OnHeader(Error error) {
  if (state_ != State::kReading) return;
  if (error) return RefuseUnread(error, "headers");
  const auto& message = parser_->get();
  const std::string target = Text(message.target());
  const size_t mark = target.find('?');
  request_.method = Text(message.method_string());
  request_.path = target.substr(0, mark);
  if (mark != std::string::npos) request_.query = target.substr(mark + 1);
  request_.host = Text(message[http::field::host]);
  request_.authorization = Text(message[http::field::authorization]);
  request_.content_type = Text(message[http::field::content_type]);
  request_.last_event_id = Text(message["Last-Event-ID"]);
  head_only_ = request_.method == "HEAD";
  if (head_only_) request_.method = "GET";
  chunked_ = message.version() >= 11;
  if (std::optional<HttpReply> refused = shared_->handler.refuse(request_)) return Send(*refused);
  if (message[http::field::expect] == "100-continue" && !parser_->is_done()) {
    static const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(socket_, asio::buffer(kContinue),
                      [self = shared_from_this()](Error failed, size_t) {
                        if (failed) return self->End();
                        self->ReadBody();
                      });
  } else {
    ReadBody();
  }
}

void HttpConnection::ReadBody() {
  if (state_ != State::kReading) return;
  if (parser_->is_done()) return Handle();
  Deadline(shared_->limits.body_time, [this] {
    late_ = true;
    socket_.cancel();
  });
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](Error error, size_t) { self->OnBody(error); });
}

void HttpConnection::OnBody(Error error) {
  if (state_ != State::kReading) return;
  if (error) return RefuseUnread(error, "body");
  request_.body = std::move(parser_->get().body());
  Handle();
}

void HttpConnection::RefuseUnread(Error error, const std::string& waited_for) {
  const auto refuse = [this](int status, const std::string& message) {
    Send(shared_->handler.describe(status, message));
  };
  if (late_) {
    return refuse(408, absl::StrCat("the request's ", waited_for, " did not arrive in time"));
  }
  if (error == http::error::body_limit) {
    return refuse(413, absl::StrCat("the request's body is too large: at most ",
                                    shared_->limits.body_bytes, " bytes are taken"));
  }
  if (error == http::error::header_limit) {
    return refuse(431, absl::StrCat("the request's headers are too large: at most ",
                                    shared_->limits.header_bytes, " bytes are taken"));
  }
  // Whoever hung up, or said nothing at all, hears nothing.
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error.category() != http::make_error_code(http::error::bad_target).category()) {
    return End();
  }
  refuse(400, absl::StrCat("the request is not HTTP: ", error.message()));
}

void HttpConnection::Handle() {
  parser_.reset();
  deadline_.cancel();
  state_ = State::kHandling;
  WatchForHangUp();
  shared_->handler.handle(shared_from_this());
}

void HttpConnection::WatchForHangUp() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](Error error) {
    if (error || self->state_ == State::kClosing || self->state_ == State::kEnded) return;
    char byte;
    const ssize_t got =
        recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // A client that sends more has not gone; what it sends is never read.
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
    self->End();
  });
}

void HttpConnection::Reply(HttpReply reply) {
  Post([this, reply = std::move(reply)] {
    if (state_ == State::kHandling) Send(reply);
  });
}

void HttpConnection::Send(const HttpReply& reply) {
  std::string bytes = Head(reply.status, reply.content_type);
  for (const auto& [name, value] : reply.headers) {
    absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&bytes, "Content-Length: ", reply.body.size(), "\r\n\r\n");
  if (!head_only_) bytes += reply.body;
  state_ = State::kClosing;
  Queue(std::move(bytes));
}

void HttpConnection::StartStream() {
  Post([this] {
    if (state_ != State::kHandling) return;
    state_ = State::kStreaming;
    std::string bytes = Head(200, "text/event-stream");
    // nginx would keep events back otherwise.
    absl::StrAppend(&bytes, "X-Accel-Buffering: no\r\n",
                    chunked_ ? "Transfer-Encoding: chunked\r\n" : "", "\r\n");
    Queue(std::move(bytes));
    if (!head_only_) return CommentLater();
    state_ = State::kClosing;
  });
}

void HttpConnection::Write(std::string events) {
  Post([this, events = std::move(events)] {
    if (state_ == State::kStreaming) SendChunk(events);
  });
}

void HttpConnection::SendChunk(const std::string& events) {
  if (events.empty()) return;
  Queue(chunked_ ? absl::StrCat(absl::Hex(events.size()), "\r\n", events, "\r\n") : events);
  if (state_ == State::kStreaming) CommentLater();
}

void HttpConnection::EndStream() {
  Post([this] {
    if (state_ != State::kStreaming) return;
    state_ = State::kClosing;
    silence_.cancel();
    Queue(chunked_ ? "0\r\n\r\n" : "");
  });
}

void HttpConnection::CommentLater() {
  silence_.expires_after(shared_->limits.comment_every);
  silence_.async_wait([self = shared_from_this()](Error error) {
    if (!error && self->state_ == State::kStreaming) self->SendChunk(": waiting\n\n");
  });
}

void HttpConnection::Queue(std::string bytes) {
  if (state_ == State::kEnded) return;
  // An answer in one piece is as long as it is; what heaps up behind it is bounded.
  if (!queue_.empty() && queued_bytes_ + bytes.size() > shared_->limits.queue_bytes) return End();
  queued_bytes_ += bytes.size();
  queue_.push_back(std::move(bytes));
  if (!writing_) WriteNext();
}

void HttpConnection::WriteNext() {
  if (queue_.empty()) {
    deadline_.cancel();
    if (state_ == State::kClosing) Linger();
    return;
  }
  writing_ = true;
  Deadline(shared_->limits.write_time, [this] { End(); });
  // In parts, so that the deadline is for progress and not for the whole.
  socket_.async_write_some(
      asio::buffer(queue_.front()) + front_written_, [self = shared_from_this()](Error error, size_t written) {
        self->writing_ = false;
        if (self->state_ == State::kEnded) return;
        if (error) return self->End();
        self->queued_bytes_ -= written;
        self->front_written_ += written;
        if (self->front_written_ == self->queue_.front().size()) {
          self->queue_.pop_front();
          self->front_written_ = 0;
        }
        self->WriteNext();
      });
}

void HttpConnection::Linger() {
  Error ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  // A close with bytes unread would reset the connection and could take the answer with it.
  Deadline(kLingerTime, [this] { End(); });
  drained_.resize(kDrainBytes);
  Drain();
}

void HttpConnection::Drain() {
  socket_.async_read_some(asio::buffer(drained_), [self = shared_from_this()](Error error, size_t) {
    if (self->state_ == State::kEnded) return;
    if (error) return self->End();
    self->Drain();
  });
}

void HttpConnection::End() {
  if (std::exchange(state_, State::kEnded) == State::kEnded) return;
  Error ignored;
  deadline_.cancel(ignored);
  silence_.cancel(ignored);
  later_.cancel(ignored);
  socket_.close(ignored);
  on_stop_ = nullptr;
  if (auto ended = std::exchange(on_end_, nullptr)) ended();
}

void HttpConnection::Deadline(std::chrono::milliseconds time, std::function<void()> late) {
  deadline_.expires_after(time);
  deadline_.async_wait(
      [self = shared_from_this(), late = std::move(late)](Error error) {
        if (!error && self->state_ != State::kEnded) late();
      });
}

void HttpConnection::Stop() {
  Post([this] {
    if (state_ == State::kReading) return End();
    if (auto stop = std::exchange(on_stop_, nullptr)) stop();
  });
}

void HttpConnection::Abandon() { End(); }

void HttpConnection::Post(std::function<void()> task) {
  if (shared_->stopped) return;
  asio::post(socket_.get_executor(), [self = shared_from_this(), task = std::move(task)] {
    if (self->state_ != State::kEnded) task();
  });
}

void HttpConnection::After(std::chrono::milliseconds delay, std::function<void()> task) {
  Post([this, delay, task = std::move(task)] {
    later_.expires_after(delay);
    later_.async_wait([self = shared_from_this(), task](Error error) {
      if (!error && self->state_ != State::kEnded) task();
    });
  });
}

void HttpConnection::OnStop(std::function<void()> task) {
  Post([this, task = std::move(task)] { on_stop_ = task; });
}

void HttpConnection::OnEnd(std::function<void()> task) {
  if (shared_->stopped) return task();
  asio::post(socket_.get_executor(), [self = shared_from_this(), task = std::move(task)] {
    if (self->state_ == State::kEnded) return task();
    self->on_end_ = task;
  });
}

}  // namespace decentd
