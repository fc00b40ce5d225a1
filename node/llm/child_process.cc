#include "node/llm/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "node/llm/text.h"

extern char** environ;

namespace decentd::llm {
namespace {

constexpr size_t kMaxErrorBytes = 4096;  // the last lines say why a program failed

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

absl::Status SystemError(const char* what, int error) {
  return absl::UnavailableError(Concat(what, ": ", std::strerror(error)));
}

// A low descriptor would be overwritten while the child's standard ones are put in place.
Descriptor AboveStandard(int fd) {
  if (fd > STDERR_FILENO) return Descriptor(fd);
  const int higher = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  ::close(fd);
  return Descriptor(higher);
}

// The attributes and file actions of posix_spawn, freed together.
struct SpawnPlan {
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// Appends what is there to read; closes at the end of the stream.
template <class Take>
void ReadAvailable(Descriptor& from, Take take) {
  char buffer[16384];
  while (from.open()) {
    const ssize_t size = ::read(from.get(), buffer, sizeof buffer);
    if (size < 0 && WouldBlock()) return;
    if (size <= 0) {
      from.Close();
    } else {
      take(std::string_view(buffer, static_cast<size_t>(size)));
    }
  }
}

}  // namespace

void Descriptor::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

absl::StatusOr<std::pair<Descriptor, Descriptor>> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return SystemError("cannot make a pipe", errno);
  std::pair<Descriptor, Descriptor> pipe{AboveStandard(ends[0]), AboveStandard(ends[1])};
  if (!pipe.first.open() || !pipe.second.open()) return SystemError("cannot make a pipe", errno);
  return pipe;
}

void SetNonBlocking(const Descriptor& descriptor) {
  ::fcntl(descriptor.get(), F_SETFL, ::fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const std::vector<std::string>& argv, std::string input, size_t max_output_bytes) {
  auto in = MakePipe();
  auto out = MakePipe();
  auto error = MakePipe();
  for (const auto* pipe : {&in, &out, &error}) {
    if (!pipe->ok()) return pipe->status();
  }
  SpawnPlan plan;
  posix_spawn_file_actions_adddup2(&plan.actions, in->first.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&plan.actions, out->second.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&plan.actions, error->second.get(), STDERR_FILENO);
  // Also what a library opened without O_CLOEXEC: links and files of the node are not the
  // program's.
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, STDERR_FILENO + 1);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&plan.attributes, &none);
  posix_spawnattr_setsigdefault(&plan.attributes, &defaults);
  posix_spawnattr_setpgroup(&plan.attributes, 0);
  posix_spawnattr_setflags(&plan.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));  // posix_spawn does not write to it
  }
  arguments.push_back(nullptr);
  pid_t pid;
  const int result = ::posix_spawnp(&pid, arguments[0], &plan.actions, &plan.attributes,
                                    arguments.data(), environ);
  if (result != 0) {
    return SystemError(Concat("cannot start the model program ", argv[0]).c_str(), result);
  }
  std::unique_ptr<ChildProcess> child(new ChildProcess(pid, std::move(input), max_output_bytes));
  child->stdin_ = std::move(in->second);
  child->output_ = std::move(out->first);
  child->errors_ = std::move(error->first);
  child->process_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  for (const Descriptor* end : {&child->stdin_, &child->output_, &child->errors_}) {
    SetNonBlocking(*end);
  }
  return child;
}

ChildProcess::~ChildProcess() {
  if (ended_) return;
  // Not reaped yet, so the number is still this program's.
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void ChildProcess::AddPolls(std::vector<pollfd>& polls) const {
  polls.push_back({stdin_.get(), POLLOUT, 0});
  polls.push_back({output_.get(), POLLIN, 0});
  polls.push_back({errors_.get(), POLLIN, 0});
  polls.push_back({process_.get(), POLLIN, 0});
}

void ChildProcess::Advance() {
  while (stdin_.open()) {
    const ssize_t size = ::write(stdin_.get(), input_.data() + written_, input_.size() - written_);
    if (size < 0 && WouldBlock()) break;
    if (size > 0) written_ += static_cast<size_t>(size);
    // A program may close its input unread (EPIPE); what it says still counts.
    if (size <= 0 || written_ == input_.size()) stdin_.Close();
  }
  NoticeEnd();
  ReadAvailable(output_, [&](std::string_view data) {
    const size_t room = max_output_bytes_ - output_text_.size();
    too_long_ = too_long_ || data.size() > room;
    output_text_ += data.substr(0, room);
  });
  ReadAvailable(errors_, [&](std::string_view data) {
    error_text_ += data;
    if (error_text_.size() > 2 * kMaxErrorBytes) {
      error_text_.erase(0, error_text_.size() - kMaxErrorBytes);
    }
  });
}

void ChildProcess::NoticeEnd() {
  if (ended_) return;
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid != pid_) {
    return;
  }
  // What it started ends with it, and lets go of the pipes. Killed before the program is reaped:
  // later the group's number could be another's.
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, &wait_status_, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
  process_.Close();
}

std::string ChildProcess::Failure() const {
  if (WIFSIGNALED(wait_status_)) return Concat("signal ", WTERMSIG(wait_status_));
  if (WEXITSTATUS(wait_status_) != 0) return Concat("exit status ", WEXITSTATUS(wait_status_));
  return "";
}

}  // namespace decentd::llm
