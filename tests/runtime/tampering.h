// What tests do to frames on their way, and what must come of it all the same.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <utility>

#include "node/codec/peer_codec.h"
#include "tests/runtime/world.h"

namespace decentd::testing {

// All nodes that are up hold the round, decided with one verdict over this many answers.
inline void ExpectDecided(World& world, const RoundId& round, size_t answers) {
  std::optional<Verdict> verdict;
  for (int i = 0; i < world.roster().n(); ++i) {
    if (!world.node(i).replica) continue;
    const auto proof = world.Proof(i, round);
    ASSERT_TRUE(proof) << "node " << i;
    EXPECT_EQ(proof->verdict.outcome, Outcome::kDecided);
    EXPECT_EQ(proof->verdict.answer_count, answers) << "node " << i;
    if (!verdict) verdict = proof->verdict;
    EXPECT_EQ(*verdict, proof->verdict) << "node " << i;
  }
}

using Frame = peer::v1::Frame;
using Drop = std::function<bool(int from, int to, const types::v1::Envelope&)>;

// Takes the envelopes out that `drop` says.
inline auto Without(Drop drop) {
  return [drop = std::move(drop)](int from, int to, Frame frame) -> std::optional<Frame> {
    if (!frame.has_envelopes()) return frame;
    auto& envelopes = *frame.mutable_envelopes()->mutable_envelopes();
    for (int i = envelopes.size() - 1; i >= 0; --i) {
      if (drop(from, to, envelopes[i])) envelopes.DeleteSubrange(i, 1);
    }
    if (envelopes.empty()) return std::nullopt;
    return frame;
  };
}

}  // namespace decentd::testing
