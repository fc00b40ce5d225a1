#include "tools/cluster/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

sockaddr_in AddressOf(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

}  // namespace

absl::StatusOr<std::vector<int>> FreePorts(size_t count) {
  int low = 32768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> low;
  std::random_device random;
  std::uniform_int_distribution<int> draw(10'240, std::max(low, 12'000) - 1);
  std::set<int> ports;
  for (int tries = 0; ports.size() < count; ++tries) {
    if (tries == 10'000) return absl::UnavailableError("found no free ports on 127.0.0.1");
    const int port = draw(random);
    const sockaddr_in address = AddressOf(port);
    const int candidate = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (candidate < 0) return absl::ErrnoToStatus(errno, "cannot open a socket");
    if (bind(candidate, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      ports.insert(port);
    }
    close(candidate);
  }
  return std::vector<int>(ports.begin(), ports.end());
}

bool Listens(int port) {
  const int caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (caller < 0) return false;
  const sockaddr_in address = AddressOf(port);
  const bool answered =
      connect(caller, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(caller);
  return answered;
}

std::string Loopback(int port) { return absl::StrCat("127.0.0.1:", port); }

}  // namespace decentd
