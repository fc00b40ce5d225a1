#include "tools/decentctl/round_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/codec/test_cluster.h"
#include "tools/decentctl/bundle_report.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using Event = client::v1::RoundEvent;

Event MakeEvent(uint64_t seq, Event::Type type, std::optional<uint32_t> node = std::nullopt) {
  Event event;
  event.set_seq(seq);
  event.set_type(type);
  if (node) event.set_node(*node);
  return event;
}

TEST(RoundProgress, ShowsWhoAnsweredWhoAbstainedAndWhoIsMissing) {
  const testing::TestCluster cluster(4);
  RoundProgress progress(&cluster.roster());
  progress.Apply(MakeEvent(1, Event::TYPE_PHASE_STARTED));
  progress.Apply(MakeEvent(2, Event::TYPE_ANSWER_RECEIVED, 0));
  progress.Apply(MakeEvent(3, Event::TYPE_ANSWER_CERTIFIED, 0));
  progress.Apply(MakeEvent(4, Event::TYPE_ANSWER_RECEIVED, 1));
  Event abstained = MakeEvent(5, Event::TYPE_ANSWER_RECEIVED, 2);
  abstained.set_abstained(true);
  progress.Apply(abstained);
  const auto lines = progress.Picture(absl::Seconds(3), 200);
  EXPECT_THAT(lines[0], HasSubstr("3.0 s  collecting answers"));
  EXPECT_THAT(lines[1], HasSubstr("2 of 4 answered  ● node-0  ◐ node-1  ✗ node-2  · node-3"));
  EXPECT_THAT(lines[2], HasSubstr("not started"));
  EXPECT_EQ(progress.last_seq(), 5u);
}

TEST(RoundProgress, NoLineIsWiderThanTheTerminal) {
  const testing::TestCluster cluster(40);
  RoundProgress progress(&cluster.roster());
  for (size_t width : {1u, 20u, 79u}) {
    for (const std::string& line : progress.Picture(absl::Seconds(1), width)) {
      EXPECT_LE(DisplayWidth(line), width);
    }
  }
}

TEST(RoundProgress, ALyingNodesIndicesTakeNoMemory) {
  RoundProgress progress(nullptr);
  for (uint32_t i = 0; i < 10'000; ++i) {
    progress.Apply(MakeEvent(i, Event::TYPE_ANSWER_RECEIVED, i * 1'000));
  }
  EXPECT_THAT(progress.Picture(absl::Seconds(1), 500)[1], HasSubstr("1 answered"));
}

TEST(RoundProgress, EventsAreToldInWordsSafeToPrint) {
  const testing::TestCluster cluster(4);
  const RoundProgress progress(&cluster.roster());
  Event event = MakeEvent(1, Event::TYPE_ANSWER_RECEIVED, 2);
  event.set_abstained(true);
  event.set_detail("model\x1b[31m failed");
  EXPECT_EQ(progress.Describe(event), "node-2 abstained from answering: model␛[31m failed");
  Event closed = MakeEvent(2, Event::TYPE_PHASE_CLOSED);
  closed.set_phase(types::v1::PHASE_SHEET);
  closed.set_closed(types::v1::CLOSED_HARD);
  EXPECT_EQ(progress.Describe(closed), "scores closed: the hard deadline passed");
  Event given_up = MakeEvent(3, Event::TYPE_GIVEN_UP);
  given_up.set_detail("answers of node-2");
  EXPECT_EQ(progress.Describe(given_up), "given up undecided, without answers of node-2");
}

TEST(FlipMargin, IsToldInWordsAgainstWhatMayLie) {
  EXPECT_EQ(FlipMarginInWords(2, 4, 1),
            "rewriting 2 of the 4 counted score sheets would be enough to change the winner, more "
            "than the 1 that may lie");
  EXPECT_THAT(FlipMarginInWords(1, 4, 1), HasSubstr("a close call"));
  EXPECT_THAT(FlipMarginInWords(2, 1, 0), HasSubstr("no rewriting of the 1 counted score sheet"));
}

}  // namespace
}  // namespace decentd
