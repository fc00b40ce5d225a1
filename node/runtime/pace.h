// When a node steps what arrived and when it writes what it stepped: shared by the driver, which
// does it with a thread and a clock, and by the simulated node of tests/sim.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "node/runtime/replica.h"

namespace decentd::pace {

inline constexpr size_t kMaxBatch = 4096;  // inputs stepped before one sync

// What nobody waits for shares the sync of what follows, if that comes soon.
inline constexpr auto kLongestHold = std::chrono::milliseconds(5);

// How long after the step before it mail is stepped. Under load what is said in a round then goes
// out in fewer, fuller Votes, and a signature saved here is one saved at every peer. A round that is
// alone never waits.
inline std::chrono::microseconds Gather(size_t open_rounds) {
  using std::chrono::microseconds;
  constexpr microseconds kPerRound{1'000}, kLongest{30'000};
  return std::min(kLongest, kPerRound * static_cast<int64_t>(std::max<size_t>(1, open_rounds) - 1));
}

// Other nodes or a client wait for it; progress shown to people can wait a little.
inline bool IsUrgent(const Output& output) {
  return std::ranges::any_of(output.actions, [](const Action& action) {
    if (const auto* publish = std::get_if<action::Publish>(&action)) {
      using Type = RoundEvent::Type;
      const Type type = publish->event.type;
      return type == Type::kDecided || type == Type::kFailed || type == Type::kCertified;
    }
    return std::holds_alternative<action::Send>(action) ||
           std::holds_alternative<action::AskRecord>(action) ||
           std::holds_alternative<action::Submitted>(action);
  });
}

}  // namespace decentd::pace
