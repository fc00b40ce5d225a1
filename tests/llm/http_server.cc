#include "tests/llm/http_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "gtest/gtest.h"

namespace decentd::llm {
namespace {

// The value of Content-Length, 0 without it.
size_t ContentLength(const std::string& head) {
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(), ::tolower);
  const size_t at = lower.find("content-length:");
  return at == std::string::npos ? 0 : std::strtoul(lower.c_str() + at + 15, nullptr, 10);
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  EXPECT_EQ(::pipe(stop_), 0);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener_, 64), 0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Accept(); });
}

HttpServer::~HttpServer() {
  ::close(stop_[1]);
  thread_.join();
  for (std::thread& connection : connections_) connection.join();
  ::close(listener_);
  ::close(stop_[0]);
}

std::string HttpServer::url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }

std::vector<HttpServer::Request> HttpServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void HttpServer::WaitForRequests(size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return requests_.size() >= count; });
}

void HttpServer::WaitForHangUps(size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return hang_ups_ >= count; });
}

void HttpServer::Accept() {
  while (true) {
    pollfd waits[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(waits, 2, -1);
    if (waits[1].revents != 0) return;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) connections_.emplace_back([this, socket] { Serve(socket); });
  }
}

void HttpServer::Serve(int socket) {
  Request request;
  std::string data;
  size_t head_end = std::string::npos;
  auto receive = [&] {
    pollfd waits[] = {{socket, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(waits, 2, -1);
    char buffer[16384];
    const ssize_t size = waits[0].revents != 0 ? ::recv(socket, buffer, sizeof buffer, 0) : 0;
    if (size > 0) data.append(buffer, static_cast<size_t>(size));
    return size > 0;
  };
  bool complete = false;
  while (!complete && receive()) {
    head_end = data.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    request.head = data.substr(0, head_end + 2);
    complete = data.size() >= head_end + 4 + ContentLength(request.head);
  }
  if (complete) {
    request.body = data.substr(head_end + 4);
    int number;
    {
      std::lock_guard lock(mutex_);
      number = static_cast<int>(requests_.size());
      requests_.push_back(request);
    }
    changed_.notify_all();
    const Response response = handler_(request, number);
    if (response.hang) {
      while (receive()) {
      }
      std::lock_guard lock(mutex_);
      ++hang_ups_;
      changed_.notify_all();
    } else {
      const std::string bytes =
          "HTTP/1.1 " + std::to_string(response.status) +
          " X\r\nConnection: close\r\nContent-Length: " + std::to_string(response.body.size()) +
          "\r\n" + response.headers + "\r\n" + response.body;
      size_t sent = 0;
      while (sent < bytes.size()) {
        const ssize_t size = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (size <= 0) break;
        sent += static_cast<size_t>(size);
      }
    }
  }
  ::close(socket);
}

}  // namespace decentd::llm
