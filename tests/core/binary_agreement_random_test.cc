// Agreement and termination of section 5 of docs/SPEC.md under random schedules and lies.
#include <gtest/gtest.h>

#include <random>

#include "tests/core/binary_agreement_net.h"

namespace decentd::testing {
namespace {

// One run under a random scheduler and liars that tell every receiver something else.
void RandomRun(int n, uint64_t seed) {
  std::mt19937_64 random(seed);
  const int f = (n - 1) / 3;
  BinaryNet net(n, f, Node(static_cast<int>(random() % static_cast<uint64_t>(n))));
  const bool exists = random() % 4 != 0;  // a certificate
  const uint64_t late = random() % 3;     // how early nodes give up waiting for it
  std::vector<bool> holds(net.nodes.size()), proposed(net.nodes.size());
  bool anyone_holds = false;
  uint32_t lied_up_to = 0;
  std::vector<BinaryNet::Message> lies;

  const auto lie = [&](uint32_t round) {
    for (int liar = net.honest; liar < n; ++liar) {
      for (int to = 0; to < net.honest; ++to) {
        for (bool value : {false, true}) {
          if (random() % 2) lies.push_back({liar, to, Est(round, value)});
        }
        if (random() % 4) {
          lies.push_back({liar, to, Aux(round, static_cast<ValueMask>(1 + random() % 3))});
        }
        if (random() % 2) lies.push_back({liar, to, vote::Hint{kSlot, round, random() % 2 == 0}});
        if (random() % 8 == 0) lies.push_back({liar, to, Decided(random() % 2 == 0)});
      }
    }
  };
  const auto give_certificate = [&](int i) {
    const auto at = static_cast<size_t>(i);
    if (holds[at]) return;
    holds[at] = anyone_holds = true;
    net.Certificate(i);
    net.Propose(i, true);
    proposed[at] = true;
  };

  const int bound = 4000 * n;
  int steps = 0;
  for (; steps < bound; ++steps) {
    if (net.AllDecided()) break;
    while (lied_up_to < net.HighestRound() + 2) lie(++lied_up_to);
    const int i = static_cast<int>(random() % static_cast<uint64_t>(net.honest));
    const auto at = static_cast<size_t>(i);
    switch (random() % 8) {
      case 0:  // the certificate arrives: from the author, or from someone who relays it
        if (exists) give_certificate(i);
        break;
      case 1:
        if (!proposed[at] && random() % 3 <= late) {
          proposed[at] = true;
          net.Propose(i, false);
        }
        break;
      case 2:
        if (!lies.empty()) {
          const size_t which = random() % lies.size();
          std::swap(lies[which], lies.back());
          net.Lie(lies.back().from, lies.back().to, lies.back().vote);
          lies.pop_back();
        }
        break;
      default:
        if (!net.queue.empty()) {
          net.DeliverAny(random);
        } else if (!net.timers[at].empty()) {
          net.Fire(i, net.timers[at].front().key);
          net.timers[at].erase(net.timers[at].begin());
        }
    }
  }
  ASSERT_TRUE(net.AllDecided()) << "n " << n << " seed " << seed << ": no end after " << steps;
  for (int i = 0; i < net.honest; ++i) {
    ASSERT_EQ(net.node(i).decided(), net.node(0).decided()) << "n " << n << " seed " << seed;
    for (uint32_t round = 1; round <= net.HighestRound(); ++round) {
      ASSERT_LE(net.Said<vote::Aux>(i, InRound<vote::Aux>(round)), 1);
    }
  }
  if (!anyone_holds) {
    ASSERT_EQ(net.node(0).decided(), false) << "1 without a certificate, seed " << seed;
  }
}

TEST(BinaryAgreement, FourNodesAgreeUnderRandomSchedulesAndALiar) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) RandomRun(4, seed);
}

TEST(BinaryAgreement, SevenNodesAgreeUnderRandomSchedulesAndTwoLiars) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) RandomRun(7, seed);
}

TEST(BinaryAgreement, TenNodesAgreeUnderRandomSchedulesAndThreeLiars) {
  for (uint64_t seed = 1; seed <= 500; ++seed) RandomRun(10, seed);
}

}  // namespace
}  // namespace decentd::testing
