// What a node says once it is not busy: on a starved machine its thread may be late to answer.
#pragma once

#include <chrono>

#include "absl/status/status.h"

namespace decentd::testing {

// The first answer of `question`, a StatusOr, that is not UNAVAILABLE; after a minute that one too.
template <class Question>
auto Patiently(const Question& question) {
  const auto patient_until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  auto answer = question();
  while (absl::IsUnavailable(answer.status()) && std::chrono::steady_clock::now() < patient_until) {
    answer = question();
  }
  return answer;
}

}  // namespace decentd::testing
