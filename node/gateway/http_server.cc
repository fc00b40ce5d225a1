#include "node/gateway/http_server.h"

#include <netdb.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node/gateway/http_connection.h"

namespace decentd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr int kThreads = 2;
constexpr std::chrono::seconds kLastWords{2};
constexpr std::chrono::milliseconds kAfterAcceptFailed{200};

}  // namespace

struct HttpServer::Impl {
  explicit Impl(const ListenAddress& a) : address(a) {}

  absl::Status Listen() {
    Error error;
    tcp::resolver resolver(shared->io);
    const auto found =
        resolver.resolve(address.host, std::to_string(address.port),
                         tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (!error) {
      const tcp::endpoint endpoint = *found.begin();
      acceptor.open(endpoint.protocol(), error);
      if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
      if (!error) acceptor.bind(endpoint, error);
      if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      return absl::UnavailableError(absl::StrCat("gateway: cannot listen on ", address.ToString(),
                                                 ": ", error.message(),
                                                 "; free the port or set another address"));
    }
    address.port = acceptor.local_endpoint().port();
    return absl::OkStatus();
  }

  void Accept() {
    acceptor.async_accept(asio::make_strand(shared->io), [this](Error error, tcp::socket socket) {
      if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
      if (error) {  // out of descriptors, perhaps: not in a tight loop
        retry.expires_after(kAfterAcceptFailed);
        retry.async_wait([this](Error cancelled) {
          if (!cancelled) Accept();
        });
        return;
      }
      Take(std::move(socket));
      Accept();
    });
  }

  void Take(tcp::socket socket) {
    auto connection = std::make_shared<HttpConnection>(shared, std::move(socket));
    {
      std::lock_guard lock(shared->mutex);
      if (shared->open.size() < shared->limits.connections) {
        shared->open.emplace(connection.get(), connection);
      } else {
        connection->Refuse();
        return;
      }
    }
    connection->Start();
  }

  std::vector<std::shared_ptr<HttpConnection>> Open() {
    std::lock_guard lock(shared->mutex);
    std::vector<std::shared_ptr<HttpConnection>> open;
    for (const auto& [key, weak] : shared->open) {
      if (auto connection = weak.lock()) open.push_back(std::move(connection));
    }
    return open;
  }

  ListenAddress address;
  const std::shared_ptr<HttpShared> shared = std::make_shared<HttpShared>();
  tcp::acceptor acceptor{asio::make_strand(shared->io)};
  asio::steady_timer retry{acceptor.get_executor()};
  std::vector<std::thread> threads;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { Shutdown(); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const ListenAddress& address,
                                                              const HttpLimits& limits,
                                                              HttpHandler handler) {
  auto impl = std::make_unique<Impl>(address);
  impl->shared->limits = limits;
  impl->shared->handler = std::move(handler);
  if (absl::Status status = impl->Listen(); !status.ok()) return status;
  impl->Accept();
  for (int i = 0; i < kThreads; ++i) {
    impl->threads.emplace_back([shared = impl->shared] { shared->io.run(); });
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

const ListenAddress& HttpServer::address() const { return impl_->address; }

void HttpServer::Shutdown() {
  HttpShared& shared = *impl_->shared;
  if (shared.stopped) return;
  asio::post(impl_->acceptor.get_executor(), [impl = impl_.get()] {
    Error ignored;
    impl->acceptor.close(ignored);
    impl->retry.cancel(ignored);
  });
  for (const auto& connection : impl_->Open()) connection->Stop();
  {
    std::unique_lock lock(shared.mutex);
    shared.changed.wait_for(lock, kLastWords, [&] { return shared.open.empty(); });
  }
  shared.io.stop();
  for (std::thread& thread : impl_->threads) thread.join();
  // What is left ends here, and the handlers that hold it run out.
  for (const auto& connection : impl_->Open()) connection->Abandon();
  shared.stopped = true;
  shared.io.restart();
  shared.io.poll();
}

}  // namespace decentd
