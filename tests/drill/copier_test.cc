#include "tools/drill/copier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <utility>

#include "tests/codec/test_cluster.h"

namespace decentd::drill {
namespace {

using decentd::testing::TestCluster;
using ::testing::ElementsAre;

const RoundId kRound{Sha256("round")};

class Node final : public LinkReceiver {
 public:
  void OnLinkUp(NodeIndex) override {}
  void OnLinkDown(NodeIndex) override {}
  void OnFrame(NodeIndex, peer::v1::Frame) override { ++frames; }
  int frames = 0;
};

class CopierTest : public ::testing::Test {
 protected:
  void Hear(int author, Payload payload, Phase phase = Phase::kAnswer) {
    const Propose propose{kRound, phase, std::move(payload)};
    peer::v1::Frame frame;
    ToProto(cluster_.Sign(author, propose), frame.mutable_envelopes()->add_envelopes());
    ear_->OnFrame(NodeIndex{static_cast<uint16_t>(author)}, std::move(frame));
  }
  // Blocks until it has something.
  std::future<std::variant<Answer, Abstain>> AskForAnswer() {
    auto promise = std::make_shared<std::promise<std::variant<Answer, Abstain>>>();
    copier_->Answer({kRound, {}, {}}, [promise](auto result) { promise->set_value(result); });
    return promise->get_future();
  }
  std::future<std::variant<Judgement, Abstain>> AskForSheet(std::vector<uint16_t> authors) {
    JudgeRequest request;
    request.round = kRound;
    for (uint16_t author : authors) request.answers.push_back({NodeIndex{author}, {}, "text"});
    auto promise = std::make_shared<std::promise<std::variant<Judgement, Abstain>>>();
    copier_->Judge(std::move(request), [promise](auto result) { promise->set_value(result); });
    return promise->get_future();
  }
  static Sheet SheetOf(std::vector<uint16_t> authors, uint32_t score) {
    Sheet sheet{Sha256("answers"), {}, "judge", {}};
    for (uint16_t author : authors) {
      sheet.entries.push_back({NodeIndex{author}, std::vector<uint32_t>(5, score)});
    }
    return sheet;
  }

  const TestCluster cluster_{4};
  Node node_;
  std::unique_ptr<Copier> copier_ = std::make_unique<Copier>(cluster_.roster());
  std::unique_ptr<LinkReceiver> ear_ = copier_->ListenBefore(node_);
};

TEST_F(CopierTest, TheFirstAnswerHeardIsCopiedWheneverItIsAskedFor) {
  auto before = AskForAnswer();
  Hear(1, Answer{"The first.", "m", "stop", {}});
  Hear(2, Answer{"The second.", "m", "stop", {}});
  EXPECT_EQ(std::get<Answer>(before.get()).text, "The first.");
  EXPECT_EQ(std::get<Answer>(AskForAnswer().get()).text, "The first.");
  EXPECT_EQ(node_.frames, 2) << "the node hears all of it as well";
}

TEST_F(CopierTest, AnAbstentionIsNotWorthCopying) {
  auto answer = AskForAnswer();
  Hear(0, Abstain{AbstainReason::kModelFailed, ""});
  Hear(1, Answer{"Something.", "m", "stop", {}});
  EXPECT_EQ(std::get<Answer>(answer.get()).text, "Something.");
}

TEST_F(CopierTest, ASheetIsCopiedThatFitsTheAnswers) {
  auto sheet = AskForSheet({0, 1, 3});
  Hear(0, SheetOf({0, 1}, 7), Phase::kSheet);
  Hear(1, SheetOf({0, 1, 3}, 9), Phase::kSheet);
  const Judgement copied = std::get<Judgement>(sheet.get());
  ASSERT_EQ(copied.entries.size(), 3u);
  EXPECT_THAT(copied.entries[2].scores, ElementsAre(9, 9, 9, 9, 9));
}

TEST_F(CopierTest, EveryCallEndsWhenItsRoundOrTheNodeDoes) {
  auto cancelled = AskForAnswer();
  copier_->Cancel(kRound);
  EXPECT_EQ(std::get<Abstain>(cancelled.get()).reason, AbstainReason::kModelFailed);
  JudgeRequest other;
  other.round = RoundId{Sha256("another round")};
  std::promise<std::variant<Judgement, Abstain>> stopped;
  copier_->Judge(other, [&](auto result) { stopped.set_value(result); });
  copier_.reset();
  EXPECT_EQ(std::get<Abstain>(stopped.get_future().get()).reason, AbstainReason::kShuttingDown);
}

}  // namespace
}  // namespace decentd::drill
