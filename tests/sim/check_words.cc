// Claims about what honest nodes say.
#include <map>
#include <type_traits>

#include "node/codec/peer_codec.h"
#include "node/core/verdict.h"
#include "node/runtime/keys.h"
#include "tests/sim/checkers.h"

namespace decentd::sim {
namespace {

class Agreement final : public Checker {
 public:
  Agreement(const World& world, std::vector<Violation>* violations)
      : Checker("agreement on sets, winner and result (SPEC 6, 9)", world, violations) {}

  void OnSaid(const Node& node, const AnyVerified& said) override {
    const auto* decision = std::get_if<Verified<Decision>>(&said);
    if (decision == nullptr || !Trusted(node.self())) return;
    const auto [it, first] =
        verdicts_.try_emplace((*decision)->round, (*decision)->verdict, node.self());
    if (!first && it->second.first != (*decision)->verdict) {
      Fail("nodes " + std::to_string(it->second.second.value) + " and " +
           std::to_string(node.self().value) + " decide differently in round " +
           Short((*decision)->round));
    }
  }

 private:
  std::map<RoundId, std::pair<std::string, NodeIndex>> verdicts_;
};

// One body for each statement, one echo, AUX and DECIDED for each slot, each EST once; also over
// restarts.
class OneWord final : public Checker {
 public:
  OneWord(const World& world, std::vector<Violation>* violations)
      : Checker("each statement is made once, and made again as it was (SPEC 4, 5, 11)", world,
                violations) {}

  void OnSaid(const Node& node, const AnyVerified& said) override {
    if (!Trusted(node.self())) return;
    std::visit(
        [&](const auto& message) {
          using T = std::decay_t<decltype(*message)>;
          if constexpr (std::is_same_v<T, Sponsor> || std::is_same_v<T, Decision>) {
            Once(node, message->round, static_cast<int>(KindOf(*message)), 0, message);
          } else if constexpr (std::is_same_v<T, Propose>) {
            Once(node, message->round, 10 + static_cast<int>(message->phase), 0, message);
          } else if constexpr (std::is_same_v<T, Votes>) {
            if (Once(node, message->round, 20, message->seq, message)) Count(node, *message);
          }
        },
        said);
  }

 private:
  using Key = std::tuple<int, RoundId, int, uint64_t>;
  using VoteKey = std::tuple<int, RoundId, Slot, size_t, uint32_t, bool>;

  template <class T>
  bool Once(const Node& node, const RoundId& round, int kind, uint64_t number, const T& message) {
    const auto [it, first] = bodies_.try_emplace(Key(node.self().value, round, kind, number),
                                                 message.body_digest());
    if (!first && it->second != message.body_digest()) {
      Fail("node " + std::to_string(node.self().value) + " says two things in round " +
           Short(round) + ", kind " + std::to_string(kind) + ", number " + std::to_string(number));
    }
    return first;
  }

  void Count(const Node& node, const Votes& votes) {
    for (const Vote& vote : votes.votes) {
      std::visit(
          [&](const auto& v) {
            using T = std::decay_t<decltype(v)>;
            VoteKey key(node.self().value, votes.round, Slot{}, vote.index(), 0, false);
            if constexpr (std::is_same_v<T, vote::Enter>) {
              std::get<Slot>(key) = {v.phase, NodeIndex{0}};
            } else {
              std::get<Slot>(key) = v.slot;
              if constexpr (requires { v.round; }) std::get<4>(key) = v.round;
              if constexpr (std::is_same_v<T, vote::Est>) std::get<bool>(key) = v.value;
            }
            if (!votes_.insert(key).second) {
              Fail("node " + std::to_string(node.self().value) + " votes twice in round " +
                   Short(votes.round) + ", slot of " +
                   std::to_string(std::get<Slot>(key).author.value) + ", vote " +
                   std::to_string(vote.index()) + " in binary round " +
                   std::to_string(std::get<4>(key)));
            }
          },
          vote);
    }
  }

  std::map<Key, Digest> bodies_;
  std::set<VoteKey> votes_;
};

class NoHonestBlamed final : public Checker {
 public:
  NoHonestBlamed(const World& world, std::vector<Violation>* violations)
      : Checker("no honest node is blamed (SPEC 2, 4)", world, violations) {}

  void OnFault(const Node& node, NodeIndex peer, FaultKind kind) override {
    if (!world_.honest(peer.value)) return;
    Fail("node " + std::to_string(node.self().value) + " counts " + std::string(FaultName(kind)) +
         " against honest node " + std::to_string(peer.value));
  }
  void OnStop(const Node& node) override { known_.erase(node.self().value); }
  void OnStepped(const Node& node) override {
    if (world_.steps() % 16 == 0) Look(node);
  }
  void OnEnd(const World& world) override {
    for (int i = 0; i < world.plan().n; ++i) {
      if (world.honest(i) && world.node(i).up()) Look(world.node(i));
    }
  }

 private:
  void Look(const Node& node) {
    for (const auto& [author, faults] : node.replica().faults()) {
      if (!world_.honest(author.value) || !Trusted(author)) continue;
      for (const auto& [kind, count] : faults) {
        if (!known_[node.self().value].emplace(author, kind).second) continue;
        Fail("node " + std::to_string(node.self().value) + " blames honest node " +
             std::to_string(author.value) + " for " + std::string(FaultName(kind)));
      }
    }
  }
  std::map<int, std::set<std::pair<NodeIndex, FaultKind>>> known_;
};

class KeepsVoting final : public Checker {
 public:
  KeepsVoting(const World& world, std::vector<Violation>* violations)
      : Checker("a node that kept its disk starts, says again what it said, and votes on (SPEC 11)",
                world, violations) {}
  void OnReport(const Node& node, const std::string& text) override {
    const bool stops = text.find("stops voting") != std::string::npos ||
                       text.find("stays silent") != std::string::npos;
    const bool dead = text.find("does not start") != std::string::npos;
    if (dead || (stops && Trusted(node.self()))) {
      Fail("node " + std::to_string(node.self().value) + ": " + text);
    }
  }
};

class Watermark final : public Checker {
 public:
  Watermark(const World& world, std::vector<Violation>* violations)
      : Checker("a node that lost its disk stays out of rounds it may have voted in (SPEC 11)",
                world, violations) {}
  // All questions of a plan expire before such a node's watermark.
  void OnForgot(const Node& node, bool accepted) override {
    if (accepted) mute_.insert(node.self().value);
    if (!accepted) remembered_[node.self().value] = OwnStatements(node);
  }
  // What it signed and does not remember gives an old copy away, in a round that it runs.
  void OnDelivered(const Node& node, NodeIndex, const peer::v1::Frame& frame) override {
    const auto remembered = remembered_.find(node.self().value);
    if (remembered == remembered_.end()) return;
    for (const types::v1::Envelope& envelope : frame.envelopes().envelopes()) {
      if (envelope.author() != node.self().value ||
          remembered->second.contains(envelope.signature())) {
        continue;
      }
      const auto round = RoundOf(node, envelope);
      if (round && node.replica().OpenSummary(*round, node.Clock())) {
        shown_.insert(node.self().value);
      }
    }
  }
  // What was on its way out before it looked at that still counts as said in time.
  void OnStepped(const Node& node) override {
    if (shown_.contains(node.self().value)) mute_.insert(node.self().value);
  }
  void OnReport(const Node& node, const std::string& text) override {
    if (text.find("stops voting") != std::string::npos) mute_.insert(node.self().value);
  }
  void OnSaid(const Node& node, const AnyVerified& said) override {
    const auto& envelope = std::visit([](const auto& m) { return m.envelope(); }, said);
    if (const auto remembered = remembered_.find(node.self().value);
        remembered != remembered_.end()) {
      remembered->second.insert(envelope->signature);
    }
    // What it serves again of before is not said anew.
    if (!before_.emplace(node.self().value, envelope->signature).second ||
        !mute_.contains(node.self().value)) {
      return;
    }
    Fail("node " + std::to_string(node.self().value) + " says a " +
         std::string(KindName(envelope->kind)) + " after it forgot or halted");
  }

 private:
  // Signatures of the node's own statements in the journals on its disk.
  static std::set<std::string> OwnStatements(const Node& node) {
    std::set<std::string> signatures;
    const auto look = [&](std::string_view, std::string_view value) {
      store::v1::JournalRecord record;
      if (!record.ParseFromArray(value.data(), static_cast<int>(value.size()))) return true;
      for (const store::v1::JournalEvent& event : record.events()) {
        for (const auto* envelope : {&event.envelope(), &event.own()}) {
          if (envelope->author() == node.self().value) signatures.insert(envelope->signature());
        }
      }
      return true;
    };
    const std::string prefix(keys::kJournal);
    std::string end = prefix;
    ++end.back();
    node.disk().Scan(prefix, end, false, look).IgnoreError();
    return signatures;
  }
  static std::optional<RoundId> RoundOf(const Node& node, const types::v1::Envelope& proto) {
    const std::optional<Envelope> envelope = FromProto(proto);
    if (!envelope) return std::nullopt;
    const auto verified = node.verifier().Verify(*envelope);
    const auto* value = std::get_if<AnyVerified>(&verified);
    if (value == nullptr) return std::nullopt;
    return std::visit(
        [](const auto& message) -> std::optional<RoundId> {
          if constexpr (requires { message->round; }) return message->round;
          return std::nullopt;
        },
        *value);
  }

  std::set<int> mute_, shown_;
  std::map<int, std::set<std::string>> remembered_;  // of nodes with an old copy
  std::set<std::pair<int, std::string>> before_;
};

}  // namespace

void AddWordCheckers(const World& world, std::vector<Violation>* violations, Checkers* out) {
  out->push_back(std::make_unique<Agreement>(world, violations));
  out->push_back(std::make_unique<OneWord>(world, violations));
  out->push_back(std::make_unique<NoHonestBlamed>(world, violations));
  out->push_back(std::make_unique<KeepsVoting>(world, violations));
  out->push_back(std::make_unique<Watermark>(world, violations));
}

}  // namespace decentd::sim
