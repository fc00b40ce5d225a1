// Claims about what honest nodes write: whose words they take, and how much of them.
#include <algorithm>
#include <map>

#include "node/codec/record_codec.h"
#include "node/core/limits.h"
#include "node/runtime/keys.h"
#include "tests/sim/checkers.h"

namespace decentd::sim {
namespace {

// Calls visit(round, record) for each journal record in a batch.
template <class Visit>
void ForEachRecord(const WriteBatch& batch, const Visit& visit) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.type != WriteBatch::Operation::Type::kPut ||
        !operation.key.starts_with(keys::kJournal)) {
      continue;
    }
    store::v1::JournalRecord record;
    if (record.ParseFromString(operation.value)) visit(*keys::RoundOf(operation.key), record);
  }
}

class Integrity final : public Checker {
 public:
  Integrity(const World& world, std::vector<Violation>* violations)
      : Checker("nothing is accepted that its author did not sign (SPEC 2)", world, violations) {}

  void OnSaid(const Node&, const AnyVerified& said) override {
    said_.insert(std::visit([](const auto& m) { return m.envelope()->signature; }, said));
  }
  void OnWritten(const Node& node, const WriteBatch& batch) override {
    ForEachRecord(batch, [&](const RoundId& round, const store::v1::JournalRecord& record) {
      for (const store::v1::JournalEvent& event : record.events()) {
        if (event.has_envelope()) Look(node, round, event.envelope());
        for (const auto& votes : event.certificate().votes()) Look(node, round, votes);
      }
    });
  }

 private:
  void Look(const Node& node, const RoundId& round, const types::v1::Envelope& envelope) {
    if (envelope.kind() == types::v1::KIND_QUERY || envelope.author() == node.self().value) return;
    if (!world_.honest(static_cast<int>(envelope.author())) ||
        said_.contains(envelope.signature())) {
      return;
    }
    Fail("node " + std::to_string(node.self().value) + " took in round " + Short(round) +
         " what node " + std::to_string(envelope.author()) + " did not say");
  }
  std::set<std::string> said_;
};

class SoundEvidence final : public Checker {
 public:
  SoundEvidence(const World& world, std::vector<Violation>* violations)
      : Checker("evidence convicts, and no honest node (SPEC 4)", world, violations) {}
  void OnWritten(const Node& node, const WriteBatch& batch) override {
    for (const WriteBatch::Operation& operation : batch.operations()) {
      if (operation.type != WriteBatch::Operation::Type::kPut ||
          !operation.key.starts_with(keys::kEvidence)) {
        continue;
      }
      const auto record = DecodeEvidence(operation.value);
      const absl::Status sound =
          record.ok()
              ? VerifyEvidence(world_.roster(), world_.cluster().scheme(), record->evidence)
              : record.status();
      if (!sound.ok()) {
        Fail("node " + std::to_string(node.self().value) + " stored evidence that is none: " +
             std::string(sound.message()));
      } else if (world_.honest(record->evidence.author.value) && Trusted(record->evidence.author)) {
        Fail("node " + std::to_string(node.self().value) + " convicts honest node " +
             std::to_string(record->evidence.author.value));
      }
    }
  }
};

class Bounds final : public Checker {
 public:
  Bounds(const World& world, std::vector<Violation>* violations)
      : Checker("rounds of a sponsor, votes and evidence of an author are bounded (SPEC 3, 5, 12)",
                world, violations) {}
  void OnWritten(const Node& node, const WriteBatch& batch) override {
    Held& held = held_[node.self().value];
    ForEachRecord(batch, [&](const RoundId& round, const store::v1::JournalRecord& record) {
      if (record.has_sponsor()) held.sponsor[round] = record.sponsor();
      for (const store::v1::JournalEvent& event : record.events()) {
        const auto& envelope = event.envelope();
        if (envelope.kind() != types::v1::KIND_VOTES) continue;
        size_t& bytes = held.votes[{round, envelope.author()}];
        bytes += envelope.body().size();
        // Beside what counts, one body that convicts its author.
        if (bytes > limits::MaxVotesBytesPerRound(world_.roster().n()) + limits::kMaxVotesBytes) {
          Fail("node " + std::to_string(node.self().value) + " journals " + std::to_string(bytes) +
               " bytes of votes of node " + std::to_string(envelope.author()));
        }
      }
    });
    for (const WriteBatch::Operation& operation : batch.operations()) {
      if (operation.type == WriteBatch::Operation::Type::kDeleteRange) {
        if (const auto round = keys::RoundOf(operation.key)) held.sponsor.erase(*round);
      } else if (operation.key.starts_with(keys::kEvidence)) {
        if (const auto record = DecodeEvidence(operation.value); record.ok()) {
          if (++held.evidence[{record->round, record->evidence.author}] >
              limits::kMaxEvidencePerAuthor) {
            Fail("node " + std::to_string(node.self().value) + " fills its disk with evidence");
          }
        }
      }
    }
    std::map<uint32_t, uint32_t> open;
    for (const auto& [round, sponsor] : held.sponsor) {
      if (++open[sponsor] > world_.roster().parameters().rounds_per_sponsor) {
        Fail("node " + std::to_string(node.self().value) + " runs " + std::to_string(open[sponsor]) +
             " rounds of sponsor " + std::to_string(sponsor));
      }
    }
  }
  void OnForgot(const Node& node, bool) override { held_.erase(node.self().value); }

 private:
  struct Held {
    std::map<RoundId, uint32_t> sponsor;
    std::map<std::pair<RoundId, uint32_t>, size_t> votes;
    std::map<std::pair<RoundId, NodeIndex>, size_t> evidence;
  };
  std::map<int, Held> held_;
};

// Looked at after every step: what a node holds in memory of rounds that it has not joined.
class Memory final : public Checker {
 public:
  Memory(const World& world, std::vector<Violation>* violations)
      : Checker("what waits for rounds that are not joined is bounded (SPEC 3)", world, violations) {}
  void OnStepped(const Node& node) override {
    const Admission::Held held = node.replica().held();
    const auto n = static_cast<size_t>(world_.roster().n());
    if (held.most_rounds > std::max<size_t>(8, limits::kMaxUnjoinedRounds / n)) {
      Fail(Of(node) + std::to_string(held.most_rounds) + " rounds of one peer");
    }
    if (held.event_bytes > limits::kMaxUnjoinedBytes) {
      Fail(Of(node) + std::to_string(held.event_bytes) + " bytes of events");
    }
    if (held.most_query_bytes > std::max(limits::kMaxQueryBytes, limits::kMaxUnjoinedBytes / n)) {
      Fail(Of(node) + std::to_string(held.most_query_bytes) + " bytes of one peer's queries");
    }
  }

 private:
  static std::string Of(const Node& node) {
    return "node " + std::to_string(node.self().value) + " holds ";
  }
};

}  // namespace

void AddStoreCheckers(const World& world, std::vector<Violation>* violations, Checkers* out) {
  out->push_back(std::make_unique<Integrity>(world, violations));
  out->push_back(std::make_unique<SoundEvidence>(world, violations));
  out->push_back(std::make_unique<Bounds>(world, violations));
  out->push_back(std::make_unique<Memory>(world, violations));
}

Checkers MakeCheckers(const World& world, std::vector<Violation>* violations) {
  Checkers checkers;
  AddWordCheckers(world, violations, &checkers);
  AddSetCheckers(world, violations, &checkers);
  AddAgreementCheckers(world, violations, &checkers);
  AddClockCheckers(world, violations, &checkers);
  AddStoreCheckers(world, violations, &checkers);
  return checkers;
}

}  // namespace decentd::sim
