// The writing half of a connection: an answer or a stream, in order, and what heaps up behind a
// slow reader.
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/status.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/gateway/http_connection.h"

namespace decentd {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::chrono::seconds kLingerTime{10};
constexpr size_t kDrainBytes = 16 * 1024;
constexpr size_t kLeastBytesPerSecond = 16 * 1024;

// `content_type`: empty where there is no content.
std::string Head(int status, const std::string& content_type) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  return absl::StrCat("HTTP/1.1 ", status, " ", std::string(reason),
                      content_type.empty() ? "" : "\r\nContent-Type: ", content_type,
                      "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff"
                      "\r\nConnection: close\r\n");
}

}  // namespace

void HttpConnection::Refuse() {
  shared_->handler.answered(request_, 503);
  const HttpReply reply =
      shared_->handler.describe(503, "the gateway has as many connections as it takes");
  const std::string bytes =
      absl::StrCat(Head(503, reply.content_type),
                   "Retry-After: 1\r\nContent-Length: ", reply.body.size(), "\r\n\r\n", reply.body);
  send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void HttpConnection::Reply(HttpReply reply) {
  Post([this, reply = std::move(reply)] {
    if (state_ == State::kHandling) Send(reply);
  });
}

void HttpConnection::Send(const HttpReply& reply) {
  shared_->handler.answered(request_, reply.status);
  const bool empty = reply.status == 204;  // and so without a length, RFC 9110, 8.6
  std::string bytes = Head(reply.status, empty ? "" : reply.content_type);
  for (const auto& [name, value] : reply.headers) {
    absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  }
  if (!empty) absl::StrAppend(&bytes, "Content-Length: ", reply.body.size(), "\r\n");
  bytes += "\r\n";
  if (!head_only_ && !empty) bytes += reply.body;
  state_ = State::kClosing;
  // A reader may be slow, but not for ever at a few bytes a minute.
  answered_by_ = std::chrono::steady_clock::now() + shared_->limits.write_time +
                 std::chrono::seconds(bytes.size() / kLeastBytesPerSecond);
  Queue(std::move(bytes));
}

void HttpConnection::StartStream() {
  Post([this] {
    if (state_ != State::kHandling) return;
    state_ = State::kStreaming;
    shared_->handler.answered(request_, 200);
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
    if (state_ == State::kClosing) {
      admitted_.held.reset();
      Linger();
    }
    return;
  }
  writing_ = true;
  std::chrono::milliseconds time = shared_->limits.write_time;
  if (answered_by_) {
    const auto left = *answered_by_ - std::chrono::steady_clock::now();
    time = std::min(time, std::chrono::duration_cast<std::chrono::milliseconds>(left));
  }
  Deadline(time, [this] { End(); });
  // In parts, so that the deadline is for progress and not for the whole.
  socket_.async_write_some(asio::buffer(queue_.front()) + front_written_,
                           [self = shared_from_this()](Error error, size_t written) {
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

}  // namespace decentd
