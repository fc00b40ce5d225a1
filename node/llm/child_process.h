// One program under way in a process group of its own, fed and read through pipes that never block.
// Not thread-safe: belongs to one thread, which has SIGPIPE blocked.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace decentd::llm {

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Close();

 private:
  int fd_;
};

// A pipe closed on exec, whose ends are above the standard descriptors.
absl::StatusOr<std::pair<Descriptor, Descriptor>> MakePipe();

void SetNonBlocking(const Descriptor& descriptor);

class ChildProcess {
 public:
  // argv[0] is looked up in PATH. The child sees no descriptor but its three standard ones, and
  // default signal handling. Fails when it cannot be started.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& argv,
                                                             std::string input,
                                                             size_t max_output_bytes);
  // Kills the whole process group, so that nothing the program started outlives the call.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // What to wait for before Advance; entries with fd -1 are ignored by poll.
  void AddPolls(std::vector<pollfd>& polls) const;
  // Writes, reads and notices the end, as far as that goes without waiting.
  void Advance();

  // False where only Advance notices the end, on kernels without pidfd_open.
  bool watchable() const { return ended_ || process_.open(); }

  bool ended() const { return ended_ && !output_.open() && !errors_.open(); }
  bool too_long() const { return too_long_; }
  const std::string& output() const { return output_text_; }
  const std::string& error_text() const { return error_text_; }  // its end, bounded
  // "exit status 3" or "signal 9"; empty after a successful end. After ended().
  std::string Failure() const;

 private:
  ChildProcess(pid_t pid, std::string input, size_t max_output_bytes)
      : pid_(pid), input_(std::move(input)), max_output_bytes_(max_output_bytes) {}
  void NoticeEnd();

  const pid_t pid_;
  const std::string input_;
  const size_t max_output_bytes_;
  size_t written_ = 0;
  Descriptor stdin_, output_, errors_, process_;  // process_: readable when the program has ended
  std::string output_text_, error_text_;
  bool too_long_ = false;
  bool ended_ = false;
  int wait_status_ = 0;
};

}  // namespace decentd::llm
