// A gateway's rooms in front of a council in memory.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "node/codec/verifier.h"
#include "node/gateway/gateway_access.h"
#include "tests/api/fake_council.h"
#include "tests/codec/test_cluster.h"
#include "tests/gateway/fake_exchange.h"
#include "tests/proof/bundle_maker.h"

namespace decentd {

class GatewayFixture : public ::testing::Test {
 protected:
  // As a server's, each ends: what answers it holds it, and the other way round.
  void TearDown() override {
    for (const auto& exchange : exchanges_) exchange->End();
  }
  std::shared_ptr<FakeExchange> Exchange(HttpRequest request = {}) {
    return exchanges_.emplace_back(std::make_shared<FakeExchange>(std::move(request)));
  }
  // One with a body that asks.
  std::shared_ptr<FakeExchange> Question(bool stream = false) {
    HttpRequest request;
    request.body = nlohmann::json{{"model", "decent"},
                                  {"stream", stream},
                                  {"messages", {{{"role", "user"}, {"content", "Why?"}}}}}
                       .dump();
    return Exchange(std::move(request));
  }
  static std::string Code(const HttpReply& reply) {
    return nlohmann::json::parse(reply.body)["error"]["code"].get<std::string>();
  }
  // The round that was submitted last.
  RoundId Submitted() { return council_.ListRounds(1, std::nullopt)->front().id; }
  void Publish(RoundEvent::Type type, const std::string& detail = "") {
    RoundEvent event;
    event.type = type;
    event.detail = detail;
    council_.Publish(Submitted(), event);
  }

  std::vector<std::shared_ptr<FakeExchange>> exchanges_;
  const testing::TestCluster cluster_{4};
  const Verifier verifier_{cluster_.roster(), Ed25519Scheme()};
  FakeCouncil council_;
  Workers workers_;
  const GatewayAccess access_{
      council_,
      CheckWith(verifier_),
      [this] { return cluster_.roster(); },
      std::shared_ptr<const Signer>(testing::TestSigner(1, 200)),
      std::make_shared<ClientLimits>(ClientLimits::Options{}, [](const RoundId&) { return true; }),
      std::make_shared<Proofs>(council_, workers_),
      workers_,
      std::chrono::minutes(10)};
};

}  // namespace decentd
