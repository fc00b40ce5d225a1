// What strangers and slow readers may cost a server; its times are made short.
#include "node/gateway/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

namespace decentd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using std::chrono::milliseconds;

constexpr std::chrono::minutes kPatience{2};
constexpr size_t kMuch = 64 * 1024 * 1024;  // more than the sockets' buffers take

class Client {
 public:
  explicit Client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { ::close(socket_); }

  void Send(std::string_view text) { ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  void SendNoMore() { ::shutdown(socket_, SHUT_WR); }
  bool HasReply(milliseconds within) {
    pollfd wait{socket_, POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(within.count())) > 0;
  }
  // Until it holds `end`, or the server closes.
  std::string Read(const std::string& end = "\xff") {
    std::string text(64 * 1024, '\0');
    std::string all;
    while (all.find(end) == std::string::npos) {
      const ssize_t got = ::recv(socket_, text.data(), text.size(), 0);
      if (got <= 0) break;
      all.append(text, 0, static_cast<size_t>(got));
    }
    return all;
  }

 private:
  const int socket_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  using Handle = std::function<void(const std::shared_ptr<HttpExchange>&)>;

  // `ended_` is told when the exchange that came first ends.
  void Start(const HttpLimits& limits, Handle handle) {
    HttpHandler handler;
    handler.admit = [this, handle = std::move(handle)](const HttpRequest&) {
      Admitted admitted{.body_bytes = 1024, .handle = nullptr, .held = nullptr};
      admitted.handle = [this, handle](const std::shared_ptr<HttpExchange>& exchange) {
        exchange->OnEnd([this] { ended_.set_value(); });
        handle(exchange);
      };
      return admitted;
    };
    handler.describe = [](int status, const std::string& message) {
      return HttpReply{.status = status, .body = message};
    };
    handler.answered = [](const HttpRequest&, int) {};
    auto server = HttpServer::Start(*ListenAddress::Parse("127.0.0.1:0"), limits, handler);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  Client Connect() { return Client(static_cast<uint16_t>(server_->address().port)); }
  bool WaitEnded() { return ended_.get_future().wait_for(kPatience) == std::future_status::ready; }

  static constexpr char kRequest[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::promise<void> ended_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ASilentStreamHasCommentsSoThatProxiesKeepIt) {
  Start({.comment_every = milliseconds(20)},
        [](const auto& exchange) { exchange->StartStream(); });
  Client client = Connect();
  client.Send(kRequest);
  EXPECT_THAT(client.Read(": waiting\n\n"), HasSubstr("text/event-stream"));
  EXPECT_THAT(client.Read(": waiting\n\n"), HasSubstr(": waiting\n\n")) << "and once more";
}

TEST_F(HttpServerTest, AReaderThatStopsIsGivenUpAndASlowOneHasItWhole) {
  const auto reply = [](const auto& exchange) {
    exchange->Reply({.body = std::string(kMuch, 'x')});
  };
  Start({.write_time = milliseconds(300)}, reply);
  Client client = Connect();
  client.Send(kRequest);
  EXPECT_TRUE(WaitEnded());
  EXPECT_LT(client.Read().size(), kMuch);

  ended_ = {};
  Start({}, reply);
  Client slow = Connect();
  slow.Send(kRequest);
  const std::string whole = slow.Read();
  EXPECT_EQ(whole.size() - whole.find("\r\n\r\n") - 4, kMuch);
  EXPECT_TRUE(WaitEnded());
}

TEST_F(HttpServerTest, WhatHeapsUpBehindAReaderIsBounded) {
  std::promise<std::shared_ptr<HttpExchange>> begun;
  Start({.queue_bytes = 64 * 1024, .write_time = std::chrono::hours(1)},
        [&](const auto& exchange) {
          exchange->StartStream();
          begun.set_value(exchange);
        });
  Client client = Connect();
  client.Send(kRequest);
  const auto exchange = begun.get_future().get();
  std::future<void> ended = ended_.get_future();
  for (size_t sent = 0; sent < 2 * kMuch && !exchange->gone(); sent += 32 * 1024) {
    exchange->Write(std::string(32 * 1024, 'x'));
  }
  EXPECT_EQ(ended.wait_for(kPatience), std::future_status::ready);
}

TEST_F(HttpServerTest, WhoSendsNoMoreIsAnsweredAndNotWaitedForForEver) {
  std::promise<std::shared_ptr<HttpExchange>> begun;
  Start({}, [&](const auto& exchange) { begun.set_value(exchange); });
  Client patient = Connect();
  patient.Send(kRequest);
  patient.SendNoMore();
  begun.get_future().get()->Reply({.body = "late"});
  EXPECT_THAT(patient.Read(), EndsWith("late"));
  EXPECT_TRUE(WaitEnded());

  ended_ = {};
  begun = {};
  Start({.half_closed_time = milliseconds(50)},
        [&](const auto& exchange) { begun.set_value(exchange); });
  Client gone = Connect();
  gone.Send(kRequest);
  gone.SendNoMore();
  const auto held = begun.get_future().get();  // whoever works at it knows nothing of that
  EXPECT_TRUE(WaitEnded());
  EXPECT_EQ(gone.Read(), "");
}

// A deadline that each byte renews would be none.
TEST_F(HttpServerTest, ARequestHasToBeWholeInTimeHoweverOftenAByteComes) {
  Start({.header_time = milliseconds(300)}, [](const auto&) { FAIL() << "it never was whole"; });
  Client client = Connect();
  client.Send("GET / HTTP/1.1\r\nX: ");
  while (!client.HasReply(milliseconds(5))) client.Send("x");
  EXPECT_THAT(client.Read(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, AnAnswerWithoutContentHasNeitherTypeNorLength) {
  Start({}, [](const auto& exchange) { exchange->Reply({.status = 204}); });
  Client client = Connect();
  client.Send(kRequest);
  const std::string reply = client.Read();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n"));
  EXPECT_THAT(reply, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(reply, Not(HasSubstr("\nContent-Type")));
}

}  // namespace
}  // namespace decentd
