// Whole rounds as bundles, signed with real keys: what an honest council would have stored.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/codec/peer_codec.h"
#include "node/core/aggregate.h"
#include "node/core/verdict.h"
#include "node/proof/bundle.h"
#include "tests/codec/test_cluster.h"

namespace decentd::testing {

using EnvelopePtr = std::shared_ptr<const Envelope>;

template <class... Arguments>
EnvelopePtr Share(Arguments&&... arguments) {
  return std::make_shared<const Envelope>(std::forward<Arguments>(arguments)...);
}

struct BundleOptions {
  // Nodes without a slot in the agreed set, and nodes whose slot holds an Abstain.
  std::set<int> silent_workers, silent_evaluators;
  std::set<int> abstaining_workers, abstaining_evaluators;
  std::optional<AbstainReason> abstaining_for;
  int decisions = 0;  // 0 = a quorum
  std::string question = "What is the capital of Peru?";
  size_t answer_bytes = 0;     // at least
  std::map<int, Usage> usage;  // that answers say, by node
  uint32_t committee = 0;      // that the query asks for
  bool all_take_part = false;  // although it asks for a committee
};

// Makes a round step by step, so that a test may go wrong at any of them.
class BundleMaker {
 public:
  explicit BundleMaker(const TestCluster& cluster, BundleOptions options = {})
      : cluster_(cluster), roster_(cluster.roster()), options_(std::move(options)) {
    Query query = cluster.MakeQuery(options_.question);
    query.committee = options_.committee;
    query_ = Share(SignQuery(cluster.client(), roster_.cluster_id(), query));
    round_ = RoundId{Sha256(query_->body)};
    if (!options_.all_take_part) roster_ = roster_.Committee(round_, options_.committee);
  }
  // The round of a query that a client signed already.
  BundleMaker(const TestCluster& cluster, EnvelopePtr query, BundleOptions options = {})
      : cluster_(cluster),
        roster_(cluster.roster()),
        options_(std::move(options)),
        query_(std::move(query)),
        round_{Sha256(query_->body)} {}

  const RoundId& round() const { return round_; }
  const EnvelopePtr& query() const { return query_; }

  Propose MakeAnswer(int node) const {
    Propose propose{
        round_, Phase::kAnswer,
        Abstain{options_.abstaining_for.value_or(AbstainReason::kModelFailed), "no model"}};
    if (!options_.abstaining_workers.contains(node)) {
      std::string text = "Lima, says node " + std::to_string(node);
      text.resize(std::max(text.size(), options_.answer_bytes), '.');
      const auto said = options_.usage.find(node);
      propose.payload = Answer{std::move(text), "model", "stop",
                               said == options_.usage.end() ? Usage{} : said->second};
    }
    return propose;
  }

  // Node `judge` likes answers of higher nodes better, each judge by a little more.
  Propose MakeSheet(int judge, const SlotSet& answers, const std::vector<NodeIndex>& usable) const {
    Propose propose{
        round_, Phase::kSheet,
        Abstain{options_.abstaining_for.value_or(AbstainReason::kModelTimedOut), ""}};
    if (options_.abstaining_evaluators.contains(judge)) return propose;
    Sheet sheet{DigestOfSet(answers), {}, "judge 1", {}};
    for (NodeIndex author : usable) {
      SheetEntry entry{author, {}};
      for (size_t i = 0; i < roster_.parameters().criteria.size(); ++i) {
        entry.scores.push_back(static_cast<uint32_t>(5000 + 97 * author.value + 13 * judge + i));
      }
      sheet.entries.push_back(std::move(entry));
    }
    propose.payload = std::move(sheet);
    return propose;
  }

  // Votes of `node` that echo every slot given, as one body with number `seq`.
  EnvelopePtr Echo(int node, uint64_t seq,
                   const std::vector<std::pair<Slot, Digest>>& slots) const {
    Votes votes{round_, seq, {}};
    for (const auto& [slot, digest] : slots) votes.votes.push_back(vote::Echo{slot, digest});
    return Share(cluster_.Sign(node, votes));
  }

  EnvelopePtr Decide(int node, const Verdict& verdict) const {
    return Share(
        cluster_.Sign(node, Decision{round_, verdict.Encode(), Closed::kSoft, Closed::kNone}));
  }

  // The verdict that these slots lead to.
  Verdict VerdictOf(const std::vector<BundleSlot>& slots) const {
    SlotSet answers, sheets;
    AggregateInput input;
    for (const BundleSlot& s : slots) {
      const Digest digest = Sha256(s.proposal->body);
      const Propose propose = *DecodePropose(roster_, s.proposal->body);
      const bool is_answer = s.slot.phase == Phase::kAnswer;
      (is_answer ? answers : sheets).emplace_back(s.slot.author, digest);
      if (!propose.usable()) continue;
      if (is_answer) {
        input.answers.push_back({s.slot.author, digest});
      } else {
        input.sheets.push_back({s.slot.author, std::get<Sheet>(propose.payload).entries});
      }
    }
    Verdict verdict;
    verdict.answers = DigestOfSet(answers);
    verdict.sheets = input.sheets_digest = DigestOfSet(sheets);
    verdict.answer_count = static_cast<uint16_t>(input.answers.size());
    verdict.sheet_count = static_cast<uint16_t>(input.sheets.size());
    verdict.workers = static_cast<uint16_t>(roster_.panel_size(Phase::kAnswer));
    verdict.evaluators = static_cast<uint16_t>(roster_.panel_size(Phase::kSheet));
    verdict.rule = roster_.parameters().rule;
    if (verdict.answer_count < roster_.minimum(Phase::kAnswer)) {
      verdict.outcome = Outcome::kTooFewAnswers;
    } else if (verdict.sheet_count < roster_.minimum(Phase::kSheet)) {
      verdict.outcome = Outcome::kTooFewSheets;
    } else {
      const AggregateResult result = Aggregate(roster_, verdict.rule, input);
      verdict.winner = input.answers[result.ranking.front()].digest;
      verdict.result = result.digest;
    }
    return verdict;
  }

  // Both phases' slots with their certificates.
  std::vector<BundleSlot> MakeSlots() const {
    std::vector<BundleSlot> slots;
    SlotSet answers;
    std::vector<NodeIndex> usable;
    roster_.panel(Phase::kAnswer).ForEach([&](NodeIndex node) {
      if (options_.silent_workers.contains(node.value)) return;
      const Propose propose = MakeAnswer(node.value);
      const EnvelopePtr envelope = Share(cluster_.Sign(node.value, propose));
      answers.emplace_back(node, Sha256(envelope->body));
      if (propose.usable()) usable.push_back(node);
      slots.push_back({{Phase::kAnswer, node}, envelope, {}});
    });
    Certify(0, slots);
    if (static_cast<int>(usable.size()) < roster_.minimum(Phase::kAnswer)) return slots;
    std::vector<BundleSlot> sheets;
    roster_.panel(Phase::kSheet).ForEach([&](NodeIndex node) {
      if (options_.silent_evaluators.contains(node.value)) return;
      const Propose propose = MakeSheet(node.value, answers, usable);
      sheets.push_back({{Phase::kSheet, node}, Share(cluster_.Sign(node.value, propose)), {}});
    });
    Certify(1, sheets);
    slots.insert(slots.end(), sheets.begin(), sheets.end());
    return slots;
  }

  // Gives every slot the same quorum of Votes, one body of each node.
  void Certify(uint64_t seq, std::vector<BundleSlot>& slots) const {
    std::vector<std::pair<Slot, Digest>> echoes;
    for (const BundleSlot& s : slots) echoes.emplace_back(s.slot, Sha256(s.proposal->body));
    if (echoes.empty()) return;
    for (int node = 0; node < roster_.quorum(); ++node) {
      const EnvelopePtr votes = Echo(node, seq, echoes);
      for (BundleSlot& s : slots) s.certificate.push_back(votes);
    }
  }

  Bundle Make() const {
    Bundle bundle{roster_.CanonicalBytes(), query_, MakeSlots(), {}};
    SignDecisions(&bundle);
    return bundle;
  }

  // Replaces the decisions by ones for what the bundle's slots lead to.
  void SignDecisions(Bundle* bundle) const {
    const Verdict verdict = VerdictOf(bundle->slots);
    bundle->decisions.clear();
    const int count = options_.decisions == 0 ? roster_.quorum() : options_.decisions;
    for (int node = 0; node < count; ++node) bundle->decisions.push_back(Decide(node, verdict));
  }

 private:
  const TestCluster& cluster_;
  Roster roster_;  // as the round sees it
  BundleOptions options_;
  EnvelopePtr query_;
  RoundId round_;
};

}  // namespace decentd::testing
