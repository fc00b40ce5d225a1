// One running daemon and what the system says of it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace decentd {

// Ends with this object, and with the thread that started it: no daemon outlives the program,
// however that ends. Not thread-safe.
class DaemonProcess {
 public:
  // `arguments`: beside --config. Its output is added to the file `log`.
  static absl::StatusOr<DaemonProcess> Start(const std::string& program, const std::string& config,
                                             const std::string& log,
                                             const std::vector<std::string>& arguments = {});
  DaemonProcess(DaemonProcess&& other) noexcept;
  DaemonProcess& operator=(DaemonProcess&&) = delete;
  ~DaemonProcess() { Kill(); }

  // OK while it runs; otherwise how it ended.
  absl::Status Running();
  void Kill();

  // User and system time since its start. All three are 0 once it has ended.
  double CpuSeconds() const;
  uint64_t ResidentBytes() const;
  // The most it had resident since the start or the last ResetPeak.
  uint64_t PeakBytes() const;
  void ResetPeak() const;

 private:
  DaemonProcess(pid_t pid, std::string log) : pid_(pid), log_(std::move(log)) {}
  std::string Proc(const char* name) const;
  uint64_t StatusBytes(const char* key) const;

  pid_t pid_ = -1;  // -1 = ended
  std::string log_;
};

}  // namespace decentd
