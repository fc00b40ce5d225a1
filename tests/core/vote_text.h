// Votes and timers as short words, to compare lists of them and to show where two differ.
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "node/core/effect.h"
#include "node/core/message.h"

namespace decentd::testing {

inline std::string Text(const Slot& slot) {
  return (slot.phase == Phase::kAnswer ? "A" : "S") + std::to_string(slot.author.value);
}

inline std::string Text(const Vote& vote) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, vote::Enter>) {
          return v.phase == Phase::kAnswer ? "ENTER A" : "ENTER S";
        } else if constexpr (std::is_same_v<T, vote::Echo>) {
          return Text(v.slot) + " ECHO " + v.digest.Hex().substr(0, 6);
        } else if constexpr (std::is_same_v<T, vote::Est>) {
          return Text(v.slot) + " EST[" + std::to_string(v.round) + "] " + std::to_string(v.value);
        } else if constexpr (std::is_same_v<T, vote::Aux>) {
          const char* values[] = {"", "{0}", "{1}", "{0,1}"};
          return Text(v.slot) + " AUX[" + std::to_string(v.round) + "] " + values[v.values];
        } else if constexpr (std::is_same_v<T, vote::Hint>) {
          return Text(v.slot) + " HINT[" + std::to_string(v.round) + "] " + std::to_string(v.value);
        } else {
          return Text(v.slot) + " DECIDED " + std::to_string(v.value);
        }
      },
      vote);
}

inline std::string Text(const TimerRequest& timer) {
  static constexpr const char* kNames[] = {"", "soft", "hard", "absent", "hint wait", "aux wait"};
  const bool binary = timer.key.type >= TimerType::kHintWait;
  return std::string(kNames[static_cast<size_t>(timer.key.type)]) +
         (binary ? " " + Text(timer.key.slot) + "[" + std::to_string(timer.key.number) + "]" : "") +
         " in " + std::to_string(timer.wait_ms) + " ms";
}

// Sorted: what is said in one step has no order that the specification knows of.
template <class T>
std::vector<std::string> Texts(const std::vector<T>& items, size_t from = 0) {
  std::vector<std::string> texts;
  for (size_t i = from; i < items.size(); ++i) texts.push_back(Text(items[i]));
  std::ranges::sort(texts);
  return texts;
}

}  // namespace decentd::testing
