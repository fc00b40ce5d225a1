#include "tools/cluster/daemon_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

// Between fork and exec of a process with threads: system calls only.
[[noreturn]] void Become(char* const argv[], const char* log, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before the line above
  setpgid(0, 0);                        // Ctrl-C is the parent's to handle
  const int in = open("/dev/null", O_RDONLY);
  const int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (in >= 0 && out >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2) {
    execv(argv[0], argv);
  }
  _exit(127);
}

}  // namespace

absl::StatusOr<DaemonProcess> DaemonProcess::Start(const std::string& program,
                                                   const std::string& config,
                                                   const std::string& log,
                                                   const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {program, "--config", config};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot start ", program));
  if (pid == 0) Become(argv.data(), log.c_str(), parent);
  return DaemonProcess(pid, log);
}

DaemonProcess::DaemonProcess(DaemonProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), log_(std::move(other.log_)) {}

absl::Status DaemonProcess::Running() {
  int status = 0;
  if (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == 0) return absl::OkStatus();
  pid_ = -1;
  return absl::UnavailableError(absl::StrCat("a daemon ended (status ",
                                             WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                             "); its log is ", log_, " where --keep is given"));
}

void DaemonProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::string DaemonProcess::Proc(const char* name) const {
  return absl::StrCat("/proc/", pid_, "/", name);
}

double DaemonProcess::CpuSeconds() const {
  std::ifstream file(Proc("stat"));
  std::string line;
  std::getline(file, line);
  const size_t end = line.rfind(')');  // the name before it may hold anything
  if (end == std::string::npos) return 0;
  std::istringstream fields(line.substr(end + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;  // proc(5): utime is field 14, stime 15
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

uint64_t DaemonProcess::StatusBytes(const char* key) const {
  std::ifstream file(Proc("status"));
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    uint64_t kib = 0;
    if (words >> name >> kib && name == key) return kib * 1024;
  }
  return 0;
}

uint64_t DaemonProcess::ResidentBytes() const { return StatusBytes("VmRSS:"); }
uint64_t DaemonProcess::PeakBytes() const { return StatusBytes("VmHWM:"); }

void DaemonProcess::ResetPeak() const { std::ofstream(Proc("clear_refs")) << "5"; }

}  // namespace decentd
