// What is out of range does not decode: each body has one thing wrong.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "node/codec/peer_codec.h"
#include "node/core/verdict.h"
#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

using testing::TestCluster;
using testing::TestRound;

// Nodes 0 to 2 answer, nodes 2 to 4 judge.
class Refusals : public ::testing::Test {
 protected:
  TestCluster cluster_{5, 1, [](std::vector<RosterNode>& nodes, RosterParameters&) {
                         for (size_t i = 0; i < nodes.size(); ++i) {
                           nodes[i].worker = i <= 2;
                           nodes[i].evaluator = i >= 2;
                         }
                       }};
  const Roster& roster_ = cluster_.roster();
  const std::string round_ = std::string(TestRound("r").digest.View());

  types::v1::Query GoodQuery() {
    types::v1::Query proto;
    proto.ParseFromString(EncodeBody(cluster_.MakeQuery()));
    return proto;
  }
  types::v1::Propose GoodSheet() {
    types::v1::Propose proto;
    proto.set_round_id(round_);
    proto.set_phase(types::v1::PHASE_SHEET);
    proto.mutable_sheet()->set_answers(round_);
    for (uint32_t author : {0u, 2u}) {
      types::v1::SheetEntry* entry = proto.mutable_sheet()->add_entries();
      entry->set_author(author);
      for (int i = 0; i < 5; ++i) entry->add_scores(limits::kMaxScore);
    }
    return proto;
  }
  types::v1::Propose GoodAnswer() {
    types::v1::Propose proto;
    proto.set_round_id(round_);
    proto.mutable_answer()->set_text("Lima.");
    return proto;
  }
  types::v1::Propose GoodAbstain() {
    types::v1::Propose proto;
    proto.set_round_id(round_);
    proto.mutable_abstain()->set_reason(types::v1::ABSTAIN_REASON_MODEL_FAILED);
    return proto;
  }
  types::v1::Votes GoodVotes(types::v1::Vote::Type type) {
    types::v1::Votes proto;
    proto.set_round_id(round_);
    proto.set_seq(limits::MaxVotesBodies(roster_.n()) - 1);
    types::v1::Vote* vote = proto.add_votes();
    vote->set_type(type);
    if (type == types::v1::Vote::TYPE_ENTER) return proto;
    vote->set_slot(2);
    if (type == types::v1::Vote::TYPE_ECHO) {
      vote->set_digest(round_);
      return proto;
    }
    vote->set_value(1);
    if (type != types::v1::Vote::TYPE_DECIDED) vote->set_binary_round(limits::kMaxBinaryRound);
    return proto;
  }
  types::v1::Decision GoodDecision() {
    types::v1::Decision proto;
    proto.set_round_id(round_);
    proto.set_verdict(Verdict{}.Encode());
    return proto;
  }
};

TEST_F(Refusals, QueryOutOfRangeIsRefused) {
  using Q = types::v1::Query;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<const char*, std::function<void(Q&)>>> bad = {
      {"short client key", [](Q& q) { q.set_client_key("short"); }},
      {"no messages", [](Q& q) { q.clear_messages(); }},
      {"unknown role", [](Q& q) { q.mutable_messages(0)->set_role("tool"); }},
      {"last message not the user's", [](Q& q) { q.mutable_messages(1)->set_role("assistant"); }},
      {"empty question", [](Q& q) { q.mutable_messages(1)->clear_content(); }},
      {"too many messages",
       [](Q& q) {
         while (q.messages_size() <= static_cast<int>(limits::kMaxQueryMessages)) {
           *q.add_messages() = q.messages(1);
         }
       }},
      {"no tokens", [](Q& q) { q.mutable_sampling()->set_max_tokens(0); }},
      {"temperature NaN", [=](Q& q) { q.mutable_sampling()->set_temperature(nan); }},
      {"temperature infinite", [=](Q& q) { q.mutable_sampling()->set_temperature(inf); }},
      {"temperature negative", [](Q& q) { q.mutable_sampling()->set_temperature(-0.01); }},
      {"temperature above 2", [](Q& q) { q.mutable_sampling()->set_temperature(2.01); }},
      {"top_p zero", [](Q& q) { q.mutable_sampling()->set_top_p(0); }},
      {"top_p NaN", [=](Q& q) { q.mutable_sampling()->set_top_p(nan); }},
      {"top_p above 1", [](Q& q) { q.mutable_sampling()->set_top_p(1.01); }},
      {"empty stop", [](Q& q) { q.mutable_sampling()->add_stop(""); }},
      {"17 stops",
       [](Q& q) {
         for (int i = 0; i < 17; ++i) q.mutable_sampling()->add_stop("x");
       }},
      {"hard not after soft",
       [](Q& q) {
         q.set_answer_soft_ms(5);
         q.set_answer_hard_ms(5);
       }},
      {"hard before soft in phase S",
       [](Q& q) {
         q.set_sheet_soft_ms(5);
         q.set_sheet_hard_ms(4);
       }},
      {"deadline above a day", [](Q& q) { q.set_sheet_hard_ms(limits::kMaxDeadlineMs + 1); }},
      {"a committee larger than any council", [](Q& q) { q.set_committee(limits::kMaxNodes + 1); }},
      {"nonce of 15 bytes", [](Q& q) { q.set_nonce(std::string(15, 'n')); }},
      {"no expiry", [](Q& q) { q.set_expiry_unix_ms(0); }},
      {"negative expiry", [](Q& q) { q.set_expiry_unix_ms(-1); }},
      {"unknown field",
       [](Q& q) { q.GetReflection()->MutableUnknownFields(&q)->AddVarint(99, 1); }},
      {"unknown field inside",
       [](Q& q) {
         auto* m = q.mutable_messages(0);
         m->GetReflection()->MutableUnknownFields(m)->AddVarint(99, 1);
       }},
  };
  ASSERT_TRUE(DecodeQuery(GoodQuery().SerializeAsString()));
  for (const auto& [name, spoil] : bad) {
    Q query = GoodQuery();
    spoil(query);
    EXPECT_FALSE(DecodeQuery(query.SerializeAsString())) << name;
  }
}

TEST_F(Refusals, TextThatIsNoUtf8IsRefused) {
  // The parser of protobuf refuses it; a field turned into bytes would let it through.
  std::string query = GoodQuery().SerializeAsString();
  const size_t at = query.find("capital");
  ASSERT_NE(at, std::string::npos);
  query[at] = '\xFF';
  EXPECT_FALSE(DecodeQuery(query));

  std::string answer = GoodAnswer().SerializeAsString();
  answer[answer.find("Lima")] = '\xC0';
  EXPECT_FALSE(DecodePropose(roster_, answer));
}

TEST_F(Refusals, PayloadOutOfRangeIsRefused) {
  using P = types::v1::Propose;
  const std::string long_name(limits::kMaxModelNameBytes + 1, 'm');
  const auto answer = [this](auto spoil) {
    P p = GoodAnswer();
    spoil(p);
    return p;
  };
  const auto sheet = [this](auto spoil) {
    P p = GoodSheet();
    spoil(p);
    return p;
  };
  const auto abstain = [this](auto spoil) {
    P p = GoodAbstain();
    spoil(p);
    return p;
  };
  const std::vector<std::pair<const char*, P>> bad = {
      {"short round", answer([](P& p) { p.set_round_id("r"); })},
      {"unknown phase", answer([](P& p) { p.set_phase(static_cast<types::v1::Phase>(2)); })},
      {"answer in phase S", answer([](P& p) { p.set_phase(types::v1::PHASE_SHEET); })},
      {"sheet in phase A", sheet([](P& p) { p.set_phase(types::v1::PHASE_ANSWER); })},
      {"no payload", answer([](P& p) { p.clear_answer(); })},
      {"empty answer", answer([](P& p) { p.mutable_answer()->clear_text(); })},
      {"long model name", answer([&](P& p) { p.mutable_answer()->set_model(long_name); })},
      {"long finish reason",
       answer([&](P& p) { p.mutable_answer()->set_finish_reason(long_name); })},
      {"unknown field", answer([](P& p) {
         auto* m = p.mutable_answer()->mutable_usage();
         m->GetReflection()->MutableUnknownFields(m)->AddVarint(9, 1);
       })},
      {"short H(A)", sheet([](P& p) { p.mutable_sheet()->set_answers("x"); })},
      {"no entries", sheet([](P& p) { p.mutable_sheet()->clear_entries(); })},
      {"entry of no node",
       sheet([](P& p) { p.mutable_sheet()->mutable_entries(1)->set_author(5); })},
      {"entry of no worker",
       sheet([](P& p) { p.mutable_sheet()->mutable_entries(1)->set_author(3); })},
      {"entry beyond 16 bits",
       sheet([](P& p) { p.mutable_sheet()->mutable_entries(1)->set_author(65536 + 1); })},
      {"entries twice", sheet([](P& p) { p.mutable_sheet()->mutable_entries(1)->set_author(0); })},
      {"entries descending",
       sheet([](P& p) { p.mutable_sheet()->mutable_entries()->SwapElements(0, 1); })},
      {"a score missing",
       sheet([](P& p) { p.mutable_sheet()->mutable_entries(0)->mutable_scores()->RemoveLast(); })},
      {"a score too many",
       sheet([](P& p) { p.mutable_sheet()->mutable_entries(0)->add_scores(1); })},
      {"a score too high", sheet([](P& p) {
         p.mutable_sheet()->mutable_entries(0)->set_scores(4, limits::kMaxScore + 1);
       })},
      {"long scorer", sheet([&](P& p) { p.mutable_sheet()->set_scorer(long_name); })},
      {"no reason", abstain([](P& p) { p.mutable_abstain()->clear_reason(); })},
      {"unknown reason", abstain([](P& p) {
         p.mutable_abstain()->set_reason(static_cast<types::v1::AbstainReason>(7));
       })},
      {"long detail", abstain([](P& p) {
         p.mutable_abstain()->set_detail(std::string(limits::kMaxAbstainDetailBytes + 1, 'd'));
       })},
  };
  for (const P& good : {GoodAnswer(), GoodSheet(), GoodAbstain()}) {
    ASSERT_TRUE(DecodePropose(roster_, good.SerializeAsString())) << good.ShortDebugString();
  }
  for (const auto& [name, payload] : bad) {
    EXPECT_FALSE(DecodePropose(roster_, payload.SerializeAsString())) << name;
  }
}

TEST_F(Refusals, VotesOutOfRangeAreRefused) {
  using V = types::v1::Vote;
  const std::vector<std::pair<const char*, std::function<void(V&)>>> bad_always = {
      {"unknown type", [](V& v) { v.set_type(static_cast<V::Type>(7)); }},
      {"no type", [](V& v) { v.set_type(V::TYPE_UNSPECIFIED); }},
      {"unknown phase", [](V& v) { v.set_phase(static_cast<types::v1::Phase>(2)); }},
      {"slot of no node", [](V& v) { v.set_slot(5); }},
      {"slot of no worker", [](V& v) { v.set_slot(3); }},
      {"unknown field", [](V& v) { v.GetReflection()->MutableUnknownFields(&v)->AddVarint(9, 1); }},
  };
  for (int type = V::TYPE_ENTER; type <= V::TYPE_DECIDED; ++type) {
    const types::v1::Votes good = GoodVotes(static_cast<V::Type>(type));
    ASSERT_TRUE(DecodeVotes(roster_, good.SerializeAsString())) << type;
    auto bad = bad_always;
    const auto spoil_with = [&bad](const char* name, std::function<void(V&)> spoil) {
      bad.emplace_back(name, std::move(spoil));
    };
    if (type == V::TYPE_ENTER) spoil_with("slot", [](V& v) { v.set_slot(1); });
    if (type == V::TYPE_ECHO) {
      spoil_with("short digest", [](V& v) { v.set_digest("x"); });
      spoil_with("no digest", [](V& v) { v.clear_digest(); });
    } else {
      spoil_with("digest", [](V& v) { v.set_digest(std::string(32, 'd')); });
    }
    if (type == V::TYPE_ENTER || type == V::TYPE_ECHO || type == V::TYPE_DECIDED) {
      spoil_with("binary round", [](V& v) { v.set_binary_round(1); });
    } else {
      spoil_with("binary round 0", [](V& v) { v.set_binary_round(0); });
      spoil_with("late binary round",
                 [](V& v) { v.set_binary_round(limits::kMaxBinaryRound + 1); });
    }
    if (type == V::TYPE_ENTER || type == V::TYPE_ECHO) {
      spoil_with("value", [](V& v) { v.set_value(1); });
    } else if (type == V::TYPE_AUX) {
      spoil_with("empty mask", [](V& v) { v.set_value(0); });
      spoil_with("wide mask", [](V& v) { v.set_value(4); });
    } else {
      spoil_with("value 2", [](V& v) { v.set_value(2); });
    }
    for (const auto& [name, spoil] : bad) {
      types::v1::Votes votes = good;
      spoil(*votes.mutable_votes(0));
      EXPECT_FALSE(DecodeVotes(roster_, votes.SerializeAsString())) << name << " in type " << type;
    }
  }
  types::v1::Votes votes = GoodVotes(V::TYPE_ECHO);
  votes.set_seq(limits::MaxVotesBodies(roster_.n()));
  EXPECT_FALSE(DecodeVotes(roster_, votes.SerializeAsString())) << "late number";
  votes = GoodVotes(V::TYPE_ECHO);
  votes.clear_votes();
  EXPECT_FALSE(DecodeVotes(roster_, votes.SerializeAsString())) << "says nothing";
  votes = GoodVotes(V::TYPE_ECHO);
  *votes.add_votes() = votes.votes(0);
  EXPECT_FALSE(DecodeVotes(roster_, votes.SerializeAsString())) << "two echoes of one slot";
}

TEST_F(Refusals, DecisionOutOfRangeIsRefused) {
  ASSERT_TRUE(DecodeDecision(GoodDecision().SerializeAsString()));
  types::v1::Decision decision = GoodDecision();
  decision.set_closed_answers(static_cast<types::v1::Closed>(4));
  EXPECT_FALSE(DecodeDecision(decision.SerializeAsString()));
  decision = GoodDecision();
  decision.set_closed_sheets(static_cast<types::v1::Closed>(-1));
  EXPECT_FALSE(DecodeDecision(decision.SerializeAsString()));
  decision = GoodDecision();
  decision.mutable_verdict()->push_back('x');
  EXPECT_FALSE(DecodeDecision(decision.SerializeAsString()));
  decision = GoodDecision();
  decision.clear_round_id();
  EXPECT_FALSE(DecodeDecision(decision.SerializeAsString()));
}

}  // namespace
}  // namespace decentd
