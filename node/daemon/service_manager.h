// Tells systemd how the service is (sd_notify(3)); without systemd nothing happens.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace decentd {

// How often systemd wants to hear that the service works; nothing where it watches nothing.
std::optional<std::chrono::milliseconds> WatchdogInterval();

void NotifyReady(const std::string& status);
void NotifyWorking();
void NotifyStopping();

}  // namespace decentd
