// The journal of docs/SPEC.md, section 11: what is read is what was written, or DATA_LOSS.
#include "node/runtime/journal.h"

#include <gtest/gtest.h>

#include "tests/core/signed.h"

namespace decentd::testing {
namespace {

class JournalTest : public ::testing::Test {
 protected:
  const SignedCluster signed_{4};
  const Verified<Query> query_ = signed_.MakeQuery();
  const RoundId round_{query_.body_digest()};
  store::v1::JournalRecord record_;

  absl::StatusOr<std::vector<journal::Entry>> Decode() const {
    // As from the disk, with a verifier that remembers nothing.
    store::v1::JournalRecord read;
    EXPECT_TRUE(read.ParseFromString(record_.SerializeAsString()));
    const Verifier fresh(signed_.roster(), Ed25519Scheme());
    return journal::Decode(read, round_, fresh);
  }
  template <class E>
  static const E& EventOf(const journal::Entry& entry) {
    return std::get<E>(std::get<Event>(entry));
  }
};

TEST_F(JournalTest, EveryKindOfEventComesBackInOrder) {
  const auto propose = signed_.Answered(1, round_);
  const Slot slot{Phase::kAnswer, At(1)};
  const auto votes = signed_.Voted(2, round_, 0, {vote::Echo{slot, propose.body_digest()}});
  const auto certificate = signed_.Certify(round_, slot, propose.body_digest(), 3);
  const TimerKey timer{TimerType::kHintWait, {Phase::kSheet, At(2)}, 5};
  NodeSet unlinked;
  unlinked.Add(At(3));
  journal::AppendQuery(query_, &record_);
  journal::Append(event::SponsorReceived{signed_.Say(3, Sponsor{round_})}, &record_);
  journal::Append(event::ProposeReceived{propose}, &record_);
  journal::Append(event::VotesReceived{votes}, &record_);
  journal::Append(event::CertificateReceived{certificate}, &record_);
  journal::Append(event::ModelFinished{Phase::kAnswer, Answer{"text", "m", "stop", {}}}, &record_);
  journal::Append(event::TimerFired{timer}, &record_);
  journal::Append(event::UnlinkedChanged{unlinked}, &record_);
  journal::AppendOwn(*signed_.Answered(0, round_).envelope(), &record_);

  const auto entries = Decode();
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 9u);
  EXPECT_EQ(std::get<Verified<Query>>((*entries)[0]).body_digest(), query_.body_digest());
  EXPECT_EQ(EventOf<event::SponsorReceived>((*entries)[1]).sponsor.author(), At(3));
  EXPECT_EQ(EventOf<event::ProposeReceived>((*entries)[2]).propose.body_digest(),
            propose.body_digest());
  EXPECT_EQ(EventOf<event::VotesReceived>((*entries)[3]).votes.envelope()->body,
            votes.envelope()->body);
  const auto& back = EventOf<event::CertificateReceived>((*entries)[4]).certificate;
  EXPECT_EQ(back.slot(), slot);
  EXPECT_EQ(back.digest(), propose.body_digest());
  EXPECT_EQ(back.votes().size(), 3u);
  EXPECT_EQ(std::get<Answer>(EventOf<event::ModelFinished>((*entries)[5]).payload).text, "text");
  EXPECT_EQ(EventOf<event::TimerFired>((*entries)[6]).timer, timer);
  EXPECT_EQ(EventOf<event::UnlinkedChanged>((*entries)[7]).unlinked, unlinked);
  EXPECT_TRUE(std::holds_alternative<journal::Own>((*entries)[8]));
}

TEST_F(JournalTest, AnEnvelopeThatWasChangedOnDiskIsDataLoss) {
  journal::Append(event::ProposeReceived{signed_.Answered(1, round_)}, &record_);
  auto* body = record_.mutable_events(0)->mutable_envelope()->mutable_body();
  body->back() = static_cast<char>(body->back() ^ 1);
  EXPECT_TRUE(absl::IsDataLoss(Decode().status()));
}

TEST_F(JournalTest, ACertificateWithOneVoteLessIsDataLoss) {
  journal::Append(event::CertificateReceived{signed_.Certify(round_, {Phase::kAnswer, At(1)},
                                                             Sha256("payload"), 0)},
                  &record_);
  record_.mutable_events(0)->mutable_certificate()->mutable_votes()->RemoveLast();
  EXPECT_TRUE(absl::IsDataLoss(Decode().status()));
}

TEST_F(JournalTest, AnEmptyEntryIsDataLoss) {
  record_.add_events();
  EXPECT_TRUE(absl::IsDataLoss(Decode().status()));
}

TEST(JournalNodes, ASetOfNodesComesBackAndStrangersAreIgnored) {
  NodeSet nodes;
  for (int i : {0, 7, 8, 127}) nodes.Add(At(i));
  EXPECT_EQ(journal::DecodeNodes(journal::EncodeNodes(nodes)), nodes);
  EXPECT_EQ(journal::EncodeNodes({}), "");
  EXPECT_EQ(journal::DecodeNodes(std::string(1000, '\xff')).Size(),
            static_cast<int>(limits::kMaxNodes));
}

}  // namespace
}  // namespace decentd::testing
