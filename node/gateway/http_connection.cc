#include "node/gateway/http_connection.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

// Beside the headers: what one read may bring.
constexpr size_t kReadBytes = 64 * 1024;

std::string Text(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpShared> shared, Socket socket)
    : shared_(std::move(shared)),
      socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      silence_(socket_.get_executor()),
      later_(socket_.get_executor()),
      buffer_(shared_->limits.header_bytes + kReadBytes) {}

HttpConnection::~HttpConnection() {
  std::lock_guard lock(shared_->mutex);
  shared_->open.erase(this);
  shared_->changed.notify_all();
}

void HttpConnection::Start() {
  Post([this] { ReadHeader(); });
}

void HttpConnection::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(shared_->limits.header_bytes));
  // Whose request it is, and so its limit, is in the headers. None at all would refuse every body
  // in Boost 1.74.
  parser_->body_limit(std::numeric_limits<uint64_t>::max());
  Deadline(shared_->limits.header_time, [this] {
    if (state_ != State::kReading) return;
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
  std::variant<HttpReply, Admitted> admitted = shared_->handler.admit(request_);
  if (const auto* refused = std::get_if<HttpReply>(&admitted)) return Send(*refused);
  admitted_ = std::get<Admitted>(std::move(admitted));
  if (parser_->content_length().value_or(0) > admitted_.body_bytes) {
    return RefuseUnread(http::error::body_limit, "body");
  }
  parser_->body_limit(admitted_.body_bytes);
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
    if (state_ != State::kReading) return;
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
  // A browser opens connections to have them ready, and may take an answer to nothing for the
  // answer to what it asks just then; where one is closed it asks on another.
  if (late_ && !parser_->got_some()) return End();
  if (late_) {
    return refuse(408, absl::StrCat("the request's ", waited_for, " did not arrive in time"));
  }
  // An overflow is an extension of a chunk, or a trailer, that does not end: bytes that no limit of
  // the parser counts.
  if (error == http::error::body_limit || error == http::error::buffer_overflow) {
    return refuse(413, absl::StrCat("the request's body is too large: at most ",
                                    admitted_.body_bytes, " bytes are taken"));
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
  admitted_.handle(shared_from_this());
}

void HttpConnection::WatchForHangUp() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](Error error) {
    if (error || self->state_ == State::kClosing || self->state_ == State::kEnded) return;
    char byte;
    const ssize_t got = recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // A client that sends more has not gone; what it sends is never read.
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
    if (got < 0 || self->state_ == State::kStreaming) return self->End();
    // It sends nothing more, and may still read: what it waits for may still come.
    self->Deadline(self->shared_->limits.half_closed_time, [self] {
      if (self->state_ == State::kHandling || self->state_ == State::kStreaming) self->End();
    });
  });
}

void HttpConnection::End() {
  if (std::exchange(state_, State::kEnded) == State::kEnded) return;
  gone_ = true;
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
  deadline_.async_wait([self = shared_from_this(), late = std::move(late)](Error error) {
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
