#include "node/gateway/proofs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/api/fake_council.h"
#include "tests/codec/test_cluster.h"
#include "tests/proof/bundle_maker.h"

namespace decentd {
namespace {

// A council that has one proven round.
class OneProof : public FakeCouncil {
 public:
  absl::StatusOr<std::string> GetBundle(const RoundId& round) override {
    ++reads;
    return round == id ? absl::StatusOr<std::string>(bytes) : absl::NotFoundError("no proof");
  }
  RoundId id;
  std::string bytes;
  std::atomic<int> reads{0};
};

class ProofsTest : public ::testing::Test {
 protected:
  ProofsTest() {
    const testing::BundleMaker maker(cluster_);
    council_.id = maker.round();
    council_.bytes = EncodeBundle(maker.Make());
    council_.AddRound(maker.round(), RoundSummary::State::kDecided);
    SetCluster(cluster_.roster().cluster_id());
  }
  void SetCluster(const Digest& cluster) {
    RoundSummary summary = *council_.GetRound(council_.id);
    summary.cluster_id = cluster;
    council_.SetSummary(summary);
  }
  absl::StatusOr<Proofs::Bundle> Verify(const RoundId& round) {
    std::promise<absl::StatusOr<Proofs::Bundle>> promise;
    EXPECT_TRUE(proofs_.Verify(round, [&](absl::StatusOr<Proofs::Bundle> bundle) {
      promise.set_value(std::move(bundle));
    }));
    return promise.get_future().get();
  }
  std::vector<std::string> Accounts(std::vector<RoundId> rounds) {
    std::promise<std::vector<std::string>> promise;
    EXPECT_TRUE(proofs_.Accounts(std::move(rounds), [&](std::vector<std::string> accounts) {
      promise.set_value(std::move(accounts));
    }));
    return promise.get_future().get();
  }
  const testing::TestCluster cluster_{4};
  OneProof council_;
  Workers workers_;
  Proofs proofs_{council_, workers_};
};

TEST_F(ProofsTest, ARoundOfAnAdoptedRosterIsAuthenticated) {
  const auto bundle = Verify(council_.id);
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  EXPECT_TRUE((*bundle)->authenticated);
  EXPECT_EQ((*bundle)->round, council_.id);
}

TEST_F(ProofsTest, AnAnswerThatIsWaitedForComesBeforePagesOfRounds) {
  // One worker is kept busy until all is queued, the other to the end.
  std::promise<void> go, end;
  EXPECT_TRUE(workers_.Run([queued = go.get_future().share()] { queued.wait(); }));
  EXPECT_TRUE(workers_.Run([over = end.get_future().share()] { over.wait(); }));
  std::vector<std::string> order;  // only the first worker's, until both are in it
  std::promise<void> both;
  const auto note = [&](const std::string& what) {
    order.push_back(what);
    if (order.size() == 2) both.set_value();
  };
  const std::vector<RoundId> page(50, RoundId{Sha256("no proof")});
  EXPECT_TRUE(proofs_.Accounts(page, [&](std::vector<std::string>) { note("page"); }));
  EXPECT_TRUE(proofs_.Verify(council_.id, [&](const auto&) { note("answer"); }));
  go.set_value();
  both.get_future().get();
  EXPECT_EQ(order, (std::vector<std::string>{"answer", "page"}));
  end.set_value();
}

TEST_F(ProofsTest, WhatDoesNotVerifyIsLostData) {
  council_.bytes[200] ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(Verify(council_.id).status()));
  council_.bytes[200] ^= 1;
  SetCluster(Sha256("another cluster"));
  EXPECT_TRUE(absl::IsDataLoss(Verify(council_.id).status()));
}

TEST_F(ProofsTest, AnAccountIsMadeOnceAndOneThatIsMissingIsEmpty) {
  const RoundId other{Sha256("other")};
  council_.AddRound(other);
  const auto accounts = Accounts({council_.id, other});
  ASSERT_EQ(accounts.size(), 2u);
  EXPECT_EQ(nlohmann::json::parse(accounts[0])["round_id"], council_.id.Hex());
  EXPECT_EQ(accounts[1], "");
  const int reads = council_.reads;
  EXPECT_EQ(Accounts({council_.id})[0], accounts[0]);
  EXPECT_EQ(council_.reads, reads);
}

}  // namespace
}  // namespace decentd
