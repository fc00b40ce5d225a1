#include "node/proof/verify.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "node/codec/verifier.h"
#include "node/proof/bundle.h"

namespace decentd {
namespace {

using EnvelopePtr = std::shared_ptr<const Envelope>;

absl::Status Failed(const char* check, const std::string& detail) {
  return absl::InvalidArgumentError(absl::StrCat(check, ": ", detail));
}

std::string SlotName(const Roster& roster, const Slot& slot) {
  return absl::StrCat(slot.phase == Phase::kAnswer ? "the answer" : "the sheet", " of node ",
                      slot.author.value, " (", roster.node(slot.author).name, ")");
}

// One statement of the bundle, verified; each envelope only once, however many certificates
// share it.
class Statements {
 public:
  // Without a cache: the bundle's envelopes are distinct.
  Statements(const Roster& roster, const SignatureScheme& scheme) : verifier_(roster, scheme, 0) {}

  template <class T>
  absl::StatusOr<Verified<T>> Get(const char* check, const std::string& what,
                                  const EnvelopePtr& envelope) {
    auto found = known_.find(envelope.get());
    if (found == known_.end()) {
      std::variant<AnyVerified, FaultKind> result = verifier_.Verify(*envelope);
      if (const auto* fault = std::get_if<FaultKind>(&result)) {
        return Failed(check,
                      absl::StrCat(what, " does not verify: ", std::string(FaultName(*fault))));
      }
      found = known_.emplace(envelope.get(), std::get<AnyVerified>(std::move(result))).first;
    }
    const auto* statement = std::get_if<Verified<T>>(&found->second);
    if (statement == nullptr) {
      return Failed(check, absl::StrCat(what, " is a message of another kind"));
    }
    return *statement;
  }

  const Verifier& verifier() const { return verifier_; }

 private:
  Verifier verifier_;
  std::map<const Envelope*, AnyVerified> known_;
};

// The checks after the roster's, one function each, filling the parts of a CheckedBundle.
class BundleChecker {
 public:
  BundleChecker(const Bundle& bundle, CheckedBundle& out, const SignatureScheme& scheme)
      : bundle_(bundle), out_(out), full_(out.roster), statements_(full_, scheme) {}

  absl::Status Run(int decisions_needed) {
    if (absl::Status s = CheckQuery(); !s.ok()) return s;
    if (absl::Status s = CheckProposals(); !s.ok()) return s;
    if (absl::Status s = CheckCertificates(); !s.ok()) return s;
    if (absl::Status s = CheckDecisions(decisions_needed); !s.ok()) return s;
    if (absl::Status s = CheckSets(); !s.ok()) return s;
    if (absl::Status s = CheckSheets(); !s.ok()) return s;
    if (absl::Status s = CheckVerdict(); !s.ok()) return s;
    return CheckAggregate();
  }

 private:
  void Passed(const char* check, std::string detail) {
    out_.checks.push_back({check, std::move(detail)});
  }

  absl::Status CheckQuery() {
    const auto query = statements_.Get<Query>("query_signature", "the query", bundle_.query);
    if (!query.ok()) return query.status();
    out_.query = **query;
    out_.round = RoundId{query->body_digest()};
    // From here on the panels are those of the round.
    out_.roster = out_.roster.Committee(out_.round, out_.query.committee);
    Passed("query_signature", absl::StrCat("round ", out_.round.Hex(), ", signed by client ",
                                           out_.query.client_key.Hex()));
    return absl::OkStatus();
  }

  absl::Status CheckProposals() {
    constexpr const char* kCheck = "proposals";
    for (const BundleSlot& s : bundle_.slots) {
      if (s.slot.author.value >= out_.roster.n()) {
        return Failed(kCheck, absl::StrCat("a slot names node ", s.slot.author.value,
                                           ", the roster has ", out_.roster.n()));
      }
      const std::string what = SlotName(out_.roster, s.slot);
      const auto propose = statements_.Get<Propose>(kCheck, what, s.proposal);
      if (!propose.ok()) return propose.status();
      if (propose->author() != s.slot.author) {
        return Failed(kCheck, absl::StrCat(what, " is signed by node ", propose->author().value));
      }
      if ((*propose)->phase != s.slot.phase) {
        return Failed(kCheck, absl::StrCat(what, " is a payload of the other phase"));
      }
      if ((*propose)->round != out_.round) {
        return Failed(kCheck, absl::StrCat(what, " belongs to round ", (*propose)->round.Hex()));
      }
      if (!out_.roster.panel(s.slot.phase).Has(s.slot.author)) {
        return Failed(kCheck, absl::StrCat(what, " is of no member of this round's committee"));
      }
      const bool is_answer = s.slot.phase == Phase::kAnswer;
      (is_answer ? out_.answers : out_.sheets).emplace_back(s.slot.author, **propose);
      (is_answer ? answer_set_ : sheet_set_).emplace_back(s.slot.author, propose->body_digest());
    }
    Passed(kCheck, absl::StrCat(out_.answers.size(), " of phase A and ", out_.sheets.size(),
                                " of phase S, each signed by its author"));
    return absl::OkStatus();
  }

  absl::Status CheckCertificates() {
    constexpr const char* kCheck = "certificates";
    const size_t quorum = static_cast<size_t>(out_.roster.quorum());
    for (const BundleSlot& s : bundle_.slots) {
      const std::string what = SlotName(out_.roster, s.slot);
      if (s.certificate.size() != quorum) {
        return Failed(
            kCheck, absl::StrCat(what, " has ", s.certificate.size(), " votes, expected ", quorum));
      }
      std::vector<Verified<Votes>> votes;
      for (const EnvelopePtr& envelope : s.certificate) {
        auto verified = statements_.Get<Votes>(kCheck, absl::StrCat("a vote for ", what), envelope);
        if (!verified.ok()) return verified.status();
        votes.push_back(*std::move(verified));
      }
      if (!statements_.verifier().AssembleCertificate(out_.round, s.slot, Sha256(s.proposal->body),
                                                      std::move(votes))) {
        return Failed(kCheck, absl::StrCat("the votes for ", what, " are not ", quorum,
                                           " echoes of it by distinct nodes in this round"));
      }
    }
    Passed(kCheck, absl::StrCat(bundle_.slots.size(), " slot certificates of ", quorum,
                                " signatures each"));
    return absl::OkStatus();
  }

  absl::Status CheckDecisions(int needed) {
    constexpr const char* kCheck = "decisions";
    if (needed <= 0) needed = out_.roster.quorum();
    NodeSet authors;
    for (const EnvelopePtr& envelope : bundle_.decisions) {
      const std::string what = absl::StrCat("the decision of node ", envelope->author);
      auto decision = statements_.Get<Decision>(kCheck, what, envelope);
      if (!decision.ok()) return decision.status();
      if (!authors.Add(decision->author())) return Failed(kCheck, what + " is there twice");
      if ((*decision)->round != out_.round) {
        return Failed(kCheck, absl::StrCat(what, " is for round ", (*decision)->round.Hex()));
      }
      if (!out_.decisions.empty() && out_.decisions.front()->verdict != (*decision)->verdict) {
        return Failed(kCheck, what + " has another verdict than the first");
      }
      out_.decisions.push_back(*std::move(decision));
    }
    if (authors.Size() < std::max(needed, 1)) {
      return Failed(
          kCheck, absl::StrCat("expected at least ", needed, " decisions, found ", authors.Size()));
    }
    const std::optional<Verdict> verdict = Verdict::Decode(out_.decisions.front()->verdict);
    if (!verdict) return Failed(kCheck, "the verdict does not decode");
    out_.verdict = *verdict;
    Passed(kCheck, absl::StrCat(authors.Size(), " of ", out_.roster.n(),
                                " nodes signed this verdict, ", needed, " needed"));
    return absl::OkStatus();
  }

  absl::Status CheckSets() {
    if (DigestOfSet(answer_set_) != out_.verdict.answers) {
      return Failed("answer_set", "the answers are not the set that the verdict names");
    }
    Passed("answer_set", absl::StrCat("H(A) ", out_.verdict.answers.Hex()));
    if (DigestOfSet(sheet_set_) != out_.verdict.sheets) {
      return Failed("sheet_set", "the sheets are not the set that the verdict names");
    }
    Passed("sheet_set", absl::StrCat("H(S) ", out_.verdict.sheets.Hex()));
    return absl::OkStatus();
  }

  // Collects what is aggregated on the way: abstentions left out.
  absl::Status CheckSheets() {
    constexpr const char* kCheck = "sheets";
    for (size_t i = 0; i < out_.answers.size(); ++i) {
      if (out_.answers[i].second.usable()) {
        input_.answers.push_back({answer_set_[i].first, answer_set_[i].second});
      }
    }
    input_.sheets_digest = out_.verdict.sheets;
    for (const auto& [author, propose] : out_.sheets) {
      const auto* sheet = std::get_if<Sheet>(&propose.payload);
      if (sheet == nullptr) continue;
      const std::string what = SlotName(out_.roster, {Phase::kSheet, author});
      if (sheet->answers != out_.verdict.answers) {
        return Failed(kCheck, what + " is for another set of answers");
      }
      const bool fits = std::equal(sheet->entries.begin(), sheet->entries.end(),
                                   input_.answers.begin(), input_.answers.end(),
                                   [](const SheetEntry& entry, const AggregateAnswer& answer) {
                                     return entry.author == answer.author;
                                   });
      if (!fits) return Failed(kCheck, what + " does not score exactly the answers of the set");
      input_.sheets.push_back({author, sheet->entries});
    }
    Passed(kCheck, absl::StrCat(input_.sheets.size(), " scored sheets for ", input_.answers.size(),
                                " answers"));
    return absl::OkStatus();
  }

  absl::Status CheckVerdict() {
    constexpr const char* kCheck = "verdict";
    const Roster& roster = out_.roster;
    const size_t answers = input_.answers.size();
    const size_t sheets = input_.sheets.size();
    Verdict expected = out_.verdict;
    expected.answer_count = static_cast<uint16_t>(answers);
    expected.sheet_count = static_cast<uint16_t>(sheets);
    expected.workers = static_cast<uint16_t>(roster.panel_size(Phase::kAnswer));
    expected.evaluators = static_cast<uint16_t>(roster.panel_size(Phase::kSheet));
    expected.rule = roster.parameters().rule;
    expected.outcome = Outcome::kDecided;
    if (answers < static_cast<size_t>(roster.minimum(Phase::kAnswer))) {
      expected.outcome = Outcome::kTooFewAnswers;
    } else if (sheets < static_cast<size_t>(roster.minimum(Phase::kSheet))) {
      expected.outcome = Outcome::kTooFewSheets;
    }
    if (expected.outcome != Outcome::kDecided) expected.winner = expected.result = Digest{};
    if (expected != out_.verdict) {
      return Failed(kCheck, absl::StrCat("it says \"", Describe(out_.verdict),
                                         "\", the bundle holds \"", Describe(expected), "\""));
    }
    if (out_.verdict.outcome == Outcome::kTooFewAnswers && !out_.sheets.empty()) {
      return Failed(kCheck, "phase S does not run with too few answers, but there are sheets");
    }
    Passed(kCheck, Describe(out_.verdict));
    return absl::OkStatus();
  }

  absl::Status CheckAggregate() {
    constexpr const char* kCheck = "aggregate";
    if (out_.verdict.outcome != Outcome::kDecided) {
      Passed(kCheck, "nothing to aggregate");
      return absl::OkStatus();
    }
    AggregateResult result = Aggregate(out_.roster, out_.verdict.rule, input_);
    const AggregateAnswer& winner = input_.answers[result.ranking.front()];
    if (winner.digest != out_.verdict.winner) {
      return Failed(kCheck, absl::StrCat("the sheets make ",
                                         SlotName(out_.roster, {Phase::kAnswer, winner.author}),
                                         " win, the verdict names ", out_.verdict.winner.Hex()));
    }
    if (result.digest != out_.verdict.result) {
      return Failed(kCheck, "the scores computed from the sheets are not those of the verdict");
    }
    Passed(kCheck, absl::StrCat("recomputed bit for bit: ",
                                SlotName(out_.roster, {Phase::kAnswer, winner.author}), " wins"));
    out_.input = std::move(input_);
    out_.aggregate = std::move(result);
    return absl::OkStatus();
  }

  static std::string Describe(const Verdict& v) {
    return absl::StrCat(
        std::string(OutcomeName(v.outcome)), ", ", v.answer_count, " answers of ", v.workers,
        " workers, ", v.sheet_count, " sheets of ", v.evaluators, " evaluators, ", RuleName(v.rule),
        v.winner == Digest{} ? ", no winner" : "", v.result == Digest{} ? ", no result" : "");
  }

  const Bundle& bundle_;
  CheckedBundle& out_;
  const Roster full_;  // that statements are made under
  Statements statements_;
  SlotSet answer_set_, sheet_set_;
  AggregateInput input_;
};

}  // namespace

absl::StatusOr<CheckedBundle> VerifyBundle(std::string_view bytes, const Roster* trusted,
                                           int decisions_needed, const SignatureScheme& scheme) {
  const absl::StatusOr<Bundle> bundle = DecodeBundle(bytes);
  if (!bundle.ok()) return Failed("encoding", std::string(bundle.status().message()));
  std::optional<Roster> roster = Roster::FromCanonicalBytes(bundle->roster);
  if (!roster) return Failed("roster", "not the canonical bytes of a roster");
  if (trusted != nullptr && trusted->cluster_id() != roster->cluster_id()) {
    return Failed("roster",
                  absl::StrCat("the bundle is of cluster ", roster->cluster_id().Hex(),
                               ", the trusted roster is of cluster ", trusted->cluster_id().Hex()));
  }
  CheckedBundle checked(*std::move(roster));
  checked.authenticated = trusted != nullptr;
  checked.bytes = std::string(bytes);
  checked.checks.push_back(
      {"encoding", absl::StrCat(bytes.size(), " bytes, canonical, SHA-256 ", Sha256(bytes).Hex())});
  checked.checks.push_back(
      {"roster",
       absl::StrCat(checked.roster.n(), " nodes, cluster ", checked.roster.cluster_id().Hex(),
                    checked.authenticated ? ", trusted" : ", not authenticated")});
  BundleChecker checker(*bundle, checked, scheme);
  if (absl::Status status = checker.Run(decisions_needed); !status.ok()) return status;
  return checked;
}

}  // namespace decentd
