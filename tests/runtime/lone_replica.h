// One replica, with the test as all of its peers.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/runtime/replica.h"
#include "storage/mem_store.h"
#include "tests/core/signed.h"

namespace decentd::testing {

inline constexpr int64_t kUnix = 1'700'000'000'000;
inline constexpr int64_t kStart = 5'000'000;  // of the monotonic clock: a machine that has run for a while

class LoneReplica : public ::testing::Test {
 protected:
  explicit LoneReplica(int n = 4) : signed_(n) {}
  template <class Adjust>
  LoneReplica(int n, Adjust adjust) : signed_(n, adjust) {}

  const SignedCluster signed_;
  Replica::Options options_{.self = At(0), .retention = {}};
  MemStore store_;
  std::unique_ptr<Replica> replica_;
  int64_t now_ms_ = kStart;
  uint64_t beats_ = 0;
  std::vector<Statement> said_;  // own statements of the last step
  std::vector<NodeIndex> asked_;  // for records
  std::vector<peer::v1::Record> served_;
  std::vector<RoundEvent> events_;       // published since the start
  std::vector<std::string> not_voting_;  // as told; empty: it votes
  std::optional<absl::StatusOr<RoundId>> submitted_;
  const Verified<Query> query_ = signed_.MakeQuery(0, kUnix + 600'000);
  const RoundId id_{query_.body_digest()};

  void SetUp() override { Start(); }

  void Start() {
    replica_ = nullptr;
    Output first;
    auto made =
        Replica::Recover(signed_.roster(), options_, signed_.cluster.signer(0), signed_.verifier,
                         store_, Time(), &first);
    ASSERT_TRUE(made.ok()) << made.status();
    replica_ = *std::move(made);
    Keep(std::move(first));
  }
  Now Time() const { return {now_ms_, kUnix + now_ms_ - kStart}; }

  void Step(std::vector<Input> inputs) { Keep(replica_->Process(std::move(inputs), Time())); }
  void Keep(Output output) {
    said_.clear();
    asked_.clear();
    served_.clear();
    submitted_ = std::nullopt;
    if (!output.writes.empty()) {
      ASSERT_TRUE(store_.WriteSynced(output.writes).ok());
    }
    for (const Action& action : output.actions) {
      if (const auto* publish = std::get_if<action::Publish>(&action)) {
        events_.push_back(publish->event);
      }
      if (const auto* voting = std::get_if<action::Voting>(&action)) {
        not_voting_.push_back(voting->not_because);
      }
      if (const auto* done = std::get_if<action::Submitted>(&action)) submitted_ = done->result;
      if (const auto* ask = std::get_if<action::AskRecord>(&action)) asked_.push_back(ask->peer);
      const auto* send = std::get_if<action::Send>(&action);
      if (send == nullptr) continue;
      if (send->frame->has_record()) served_.push_back(send->frame->record());
      for (const auto& proto : send->frame->envelopes().envelopes()) {
        if (proto.author() != 0) continue;
        EXPECT_LE(proto.body().size(), MaxBodyBytes(static_cast<Kind>(proto.kind())));
        auto verified = signed_.verifier.Verify(*FromProto(proto));
        if (!std::holds_alternative<AnyVerified>(verified)) {
          ADD_FAILURE() << "said something that peers refuse";
          continue;
        }
        auto& any = std::get<AnyVerified>(verified);
        if (auto* v = std::get_if<Verified<Votes>>(&any)) said_.push_back(**v);
        if (auto* p = std::get_if<Verified<Propose>>(&any)) said_.push_back(**p);
        if (auto* d = std::get_if<Verified<Decision>>(&any)) said_.push_back(**d);
      }
    }
  }
  template <class T>
  Input From(int peer, const Verified<T>& message) const {
    return input::Message{At(peer), message};
  }
  Input Votes1(int node, uint64_t seq, std::vector<Vote> votes) const {
    return From(node, signed_.Voted(node, id_, seq, std::move(votes)));
  }
  void Join() {
    Step({From(1, query_), From(1, signed_.Say(1, Sponsor{id_}))});
    ASSERT_EQ(replica_->OpenSummaries(Time()).size(), 1u);
  }
  // Another query than query_ arrives with its sponsorship.
  RoundId Sponsored(int number, int sponsor) {
    const auto query = signed_.MakeQuery(number, Time().unix_ms + 600'000);
    const RoundId id{query.body_digest()};
    Step({From(sponsor, query), From(sponsor, signed_.Say(sponsor, Sponsor{id}))});
    return id;
  }
  absl::Status Submit(int number) {
    Step({input::Submit{signed_.MakeQuery(number, Time().unix_ms + 600'000), 1}});
    return submitted_ ? submitted_->status() : absl::UnavailableError("no answer");
  }
  bool IsOpen(const RoundId& id) const { return replica_->OpenSummary(id, Time()).has_value(); }
  std::vector<Input> Beat() {
    ++beats_;
    return {From(1, signed_.Say(1, Heartbeat{1, beats_})),
            From(2, signed_.Say(2, Heartbeat{1, beats_}))};
  }
  template <class T>
  int Said(const std::function<bool(const T&)>& which) const {
    int count = 0;
    for (const Statement& statement : said_) {
      const auto* votes = std::get_if<Votes>(&statement);
      if (votes == nullptr) continue;
      for (const Vote& vote : votes->votes) {
        const T* one = std::get_if<T>(&vote);
        count += one != nullptr && which(*one);
      }
    }
    return count;
  }
  int ZeroInputs() const {
    return Said<vote::Est>([](const vote::Est& e) { return e.round == 1 && !e.value; });
  }
};

}  // namespace decentd::testing
