#include "node/daemon/service_manager.h"

#include <systemd/sd-daemon.h>

namespace decentd {

std::optional<std::chrono::milliseconds> WatchdogInterval() {
  uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  // Twice in the time after which the service is taken for dead.
  return std::chrono::milliseconds(microseconds / 2'000);
}

void NotifyReady(const std::string& status) {
  sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}
void NotifyWorking() { sd_notify(0, "WATCHDOG=1"); }
void NotifyStopping() { sd_notify(0, "STOPPING=1"); }

}  // namespace decentd
