// A small HTTP server for tests on a port of its own: one thread a connection, one request a
// connection, replies as the test says.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace decentd::llm {

class HttpServer {
 public:
  struct Request {
    std::string head;  // with the request line
    std::string body;
  };
  struct Response {
    int status = 200;
    std::string body;
    std::string headers;  // more of them, each ended by \r\n
    bool hang = false;    // never replies
  };
  // `number` counts requests from 0. Called on the connection's thread.
  using Handler = std::function<Response(const Request& request, int number)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();  // ends hanging connections

  std::string url() const;  // ".../v1"
  std::vector<Request> requests() const;
  void WaitForRequests(size_t count);
  // Until the other side has closed that many hanging connections.
  void WaitForHangUps(size_t count);

 private:
  void Accept();
  void Serve(int socket);

  const Handler handler_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};  // a pipe whose closed end wakes every wait
  int port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
  size_t hang_ups_ = 0;
  std::list<std::thread> connections_;  // of the accepting thread
  std::thread thread_;
};

}  // namespace decentd::llm
