#include "tools/decentctl/doctor/machine.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "node/config/units.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd::doctor {
namespace {

constexpr uint64_t kLittleSpace = 1ull << 30, kNoSpace = 100ull << 20;
constexpr int kSyncs = 16;
constexpr double kSlowSyncMs = 50;
constexpr int kConnectWithinMs = 3'000;

// The directory itself, or the nearest above it that is there.
std::string Existing(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path path = fs::absolute(directory, error);
  while (!fs::exists(path, error) && path.has_relative_path()) path = path.parent_path();
  return path.string();
}

// Empty when a connection could be opened, else why not.
std::string WhyNoConnection(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::strerror(errno);
  const absl::Cleanup close_it = [fd] { close(fd); };
  if (connect(fd, address.ai_addr, address.ai_addrlen) == 0) return "";
  if (errno != EINPROGRESS) return std::strerror(errno);
  pollfd waits{fd, POLLOUT, 0};
  if (poll(&waits, 1, kConnectWithinMs) == 0) return "no answer within 3 s";
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "" : std::strerror(error);
}

std::string WhyUnreachable(const std::string& address) {
  const absl::StatusOr<HostPort> parsed = ParseHostPort(address);
  if (!parsed.ok()) return std::string(parsed.status().message());
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const int failed =
      getaddrinfo(parsed->host.c_str(), std::to_string(parsed->port).c_str(), &hints, &found);
  if (failed != 0) return gai_strerror(failed);
  const absl::Cleanup free_it = [found] { freeaddrinfo(found); };
  std::string why = "no address";
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    why = WhyNoConnection(*one);
    if (why.empty()) return why;
  }
  return why;
}

}  // namespace

Finding LookAtKey(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return {State::kFailure, "key", absl::StrCat(path, ": ", std::strerror(errno)),
            "put the node's key back from your copy; without one make a new one with 'decentctl "
            "init' and have the operators exchange it in the roster"};
  }
  const bool open = (info.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  return {open ? State::kFailure : State::kOk, "key",
          absl::StrFormat("%s has mode %04o", path, info.st_mode & 07777),
          open ? absl::StrCat("others can read it: chmod 600 ", path,
                              ", and think of the key as leaked if others use this machine")
               : ""};
}

Finding LookAtSpace(const std::string& data_directory) {
  struct statvfs space {};
  if (statvfs(Existing(data_directory).c_str(), &space) != 0) {
    return {State::kFailure, "disk", absl::StrCat(data_directory, ": ", std::strerror(errno)),
            "set data_directory to a directory that the node may write to"};
  }
  const uint64_t bytes = uint64_t{space.f_bavail} * space.f_frsize;
  const State state = bytes < kNoSpace       ? State::kFailure
                      : bytes < kLittleSpace ? State::kWarning
                                             : State::kOk;
  return {state, "disk", absl::StrCat(FormatBytes(bytes), " free for ", data_directory),
          state == State::kOk ? ""
                              : "free some space, or keep fewer rounds (retention in node.yaml); "
                                "while the disk is full the node says nothing, and loses nothing"};
}

Finding LookAtSyncTime(const std::string& data_directory) {
  const std::string path = Existing(data_directory) + "/doctor.probe";
  const int fd = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) {
    return {State::kNotLooked, "sync time",
            absl::StrCat("cannot write in ", data_directory, ": ", std::strerror(errno)),
            "run doctor as the node's user"};
  }
  const absl::Cleanup clean = [&] {
    close(fd);
    unlink(path.c_str());
  };
  const std::string block(4096, 'x');
  std::vector<double> took;
  for (int i = 0; i < kSyncs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size()) ||
        fdatasync(fd) != 0) {
      return {State::kFailure, "sync time", absl::StrCat("cannot write: ", std::strerror(errno)),
              "look at the disk"};
    }
    took.push_back(std::chrono::duration<double, std::milli>(
                       std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::sort(took);
  const double median = took[took.size() / 2];
  return {median > kSlowSyncMs ? State::kWarning : State::kOk, "sync time",
          absl::StrFormat("%.1f ms (median of %d; the slowest %.1f ms)", median, kSyncs,
                          took.back()),
          median > kSlowSyncMs
              ? "each step of a round waits for a sync: a faster disk makes rounds faster"
              : ""};
}

Finding LookAtClock() {
  timex time{};
  const int state = adjtimex(&time);
  if (state >= 0 && state != TIME_ERROR && (time.status & STA_UNSYNC) == 0) {
    return {State::kOk, "clock", "kept by a time server", ""};
  }
  return {State::kWarning, "clock", "the system does not say that a time server keeps it",
          "run chrony or systemd-timesyncd: with a clock that is minutes wrong the node takes no "
          "questions, though it still votes"};
}

Findings LookAtPorts(const Roster& roster, const std::string& self) {
  Findings findings;
  for (uint16_t i = 0; i < roster.n(); ++i) {
    const RosterNode& node = roster.node(NodeIndex{i});
    std::string tried;
    bool reached = node.addresses.empty();
    for (const std::string& address : node.addresses) {
      const std::string why = WhyUnreachable(address);
      absl::StrAppend(&tried, tried.empty() ? "" : "; ", address, why.empty() ? "" : ": ", why);
      if (!why.empty()) continue;
      reached = true;
      break;
    }
    const bool own = node.name == self;
    findings.push_back(
        {reached ? State::kOk : State::kWarning,
         own ? "own port" : "port of " + node.name, tried.empty() ? "no address in the roster" : tried,
         reached ? ""
         : own   ? "the address that the roster has for this node does not lead here: start the node, "
                   "or look at peers.listen, the firewall and the roster"
                 : "that node is down, its address in the roster is wrong, or a firewall is between; "
                   "one side that can dial the other is enough"});
  }
  return findings;
}

}  // namespace decentd::doctor
