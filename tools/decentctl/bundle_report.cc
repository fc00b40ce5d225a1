#include "tools/decentctl/bundle_report.h"

#include <map>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/decentctl/round_progress.h"
#include "tools/decentctl/terminal_text.h"
#include "tools/decentctl/text_table.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;
using Slots = std::vector<std::pair<NodeIndex, Propose>>;

std::string Name(const CheckedBundle& bundle, NodeIndex node) {
  return PrintableLine(bundle.roster.node(node).name);
}

const Answer* AnswerOf(const CheckedBundle& bundle, NodeIndex author) {
  for (const auto& [node, propose] : bundle.answers) {
    if (node == author) return std::get_if<Answer>(&propose.payload);
  }
  return nullptr;
}

std::string ReasonName(AbstainReason reason) {
  switch (reason) {
    case AbstainReason::kModelFailed:
      return "model failed";
    case AbstainReason::kModelTimedOut:
      return "model timed out";
    case AbstainReason::kReplyUnusable:
      return "reply unusable";
    case AbstainReason::kOverBudget:
      return "over its budget";
    case AbstainReason::kNotConfigured:
      return "no model configured";
    case AbstainReason::kShuttingDown:
      return "shutting down";
  }
  return "unknown reason";
}

// Members of the panel whose slot is not in the agreed set.
std::vector<NodeIndex> Missing(const CheckedBundle& bundle, Phase phase) {
  const Slots& slots = phase == Phase::kAnswer ? bundle.answers : bundle.sheets;
  NodeSet there;
  for (const auto& [node, propose] : slots) there.Add(node);
  std::vector<NodeIndex> missing;
  (bundle.roster.panel(phase) - there).ForEach([&](NodeIndex i) { missing.push_back(i); });
  return missing;
}

bool PhaseRan(const CheckedBundle& bundle, Phase phase) {
  return phase == Phase::kAnswer || bundle.verdict.outcome != Outcome::kTooFewAnswers;
}

// "3 of 4; abstained: dan (model timed out); missing: eve (nothing certified in time)"
std::string Participation(const CheckedBundle& bundle, Phase phase) {
  if (!PhaseRan(bundle, phase)) return "not asked for: too few answers";
  const Slots& slots = phase == Phase::kAnswer ? bundle.answers : bundle.sheets;
  int usable = 0;
  std::vector<std::string> abstained, missing;
  for (const auto& [node, propose] : slots) {
    if (const auto* abstain = std::get_if<Abstain>(&propose.payload)) {
      const std::string detail = Shorten(PrintableLine(abstain->detail), 120);
      abstained.push_back(absl::StrCat(Name(bundle, node), " (", ReasonName(abstain->reason),
                                       detail.empty() ? "" : ": ", detail, ")"));
    } else {
      ++usable;
    }
  }
  for (const NodeIndex node : Missing(bundle, phase)) missing.push_back(Name(bundle, node));
  std::string text = absl::StrCat(usable, " of ", bundle.roster.panel_size(phase));
  if (!abstained.empty()) {
    absl::StrAppend(&text, "; abstained: ", absl::StrJoin(abstained, ", "));
  }
  if (!missing.empty()) {
    absl::StrAppend(&text, "; missing: ", absl::StrJoin(missing, ", "),
                    " (nothing certified before the phase closed)");
  }
  return text;
}

// "all arrived (ada, bob); enough at the soft deadline (cyd)": each signer's own reason.
std::string ClosedBy(const CheckedBundle& bundle, Phase phase) {
  if (!PhaseRan(bundle, phase)) return "did not run";
  std::map<Closed, std::vector<std::string>> by_reason;
  for (const auto& decision : bundle.decisions) {
    by_reason[phase == Phase::kAnswer ? decision->closed_answers : decision->closed_sheets]
        .push_back(Name(bundle, decision.author()));
  }
  std::vector<std::string> parts;
  for (const auto& [closed, names] : by_reason) {
    parts.push_back(absl::StrCat(ClosedInWords(static_cast<types::v1::Closed>(closed)), " (",
                                 absl::StrJoin(names, ", "), ")"));
  }
  return absl::StrJoin(parts, "; ");
}

std::string SignedBy(const CheckedBundle& bundle) {
  std::vector<std::string> names;
  for (const auto& decision : bundle.decisions) names.push_back(Name(bundle, decision.author()));
  const bool quorum = static_cast<int>(names.size()) >= bundle.roster.quorum();
  return absl::StrCat(
      names.size(), " of ", bundle.roster.n(), " nodes (", absl::StrJoin(names, ", "),
      "): ", quorum ? "a quorum, needed " : "less than the quorum of ", bundle.roster.quorum());
}

std::string OutcomeInWords(const CheckedBundle& bundle) {
  switch (bundle.verdict.outcome) {
    case Outcome::kTooFewAnswers:
      return absl::StrCat("failed as agreed: ", bundle.verdict.answer_count, " usable answers, ",
                          bundle.roster.minimum(Phase::kAnswer), " needed");
    case Outcome::kTooFewSheets:
      return absl::StrCat("failed as agreed: ", bundle.verdict.sheet_count,
                          " usable score sheets, ", bundle.roster.minimum(Phase::kSheet),
                          " needed");
    case Outcome::kDecided:
      break;
  }
  const size_t best = bundle.aggregate->ranking.front();
  return absl::StrCat(Name(bundle, bundle.input->answers[best].author), " wins with ",
                      FormatMicroPoints(bundle.aggregate->shown_scores[best]),
                      " of 20 (mean mark per criterion, rule ", RuleName(bundle.verdict.rule), ")");
}

Json UsageAsJson(const Usage& usage) {
  Json json = Json::object();
  if (usage.prompt_tokens) json["prompt_tokens"] = *usage.prompt_tokens;
  if (usage.completion_tokens) json["completion_tokens"] = *usage.completion_tokens;
  if (usage.cost_micro_usd) json["cost_micro_usd"] = *usage.cost_micro_usd;
  if (usage.elapsed_ms) json["elapsed_ms"] = *usage.elapsed_ms;
  return json;
}

Json PhaseAsJson(const CheckedBundle& bundle, Phase phase) {
  Json json = {{"panel", bundle.roster.panel_size(phase)}, {"ran", PhaseRan(bundle, phase)}};
  json["abstained"] = Json::array();
  json["missing"] = Json::array();
  json["closed"] = Json::object();
  if (!PhaseRan(bundle, phase)) return json;
  for (const auto& [node, propose] : phase == Phase::kAnswer ? bundle.answers : bundle.sheets) {
    if (const auto* abstain = std::get_if<Abstain>(&propose.payload)) {
      json["abstained"].push_back({{"node", bundle.roster.node(node).name},
                                   {"reason", ReasonName(abstain->reason)},
                                   {"detail", abstain->detail}});
    }
  }
  for (const NodeIndex node : Missing(bundle, phase)) {
    json["missing"].push_back(bundle.roster.node(node).name);
  }
  for (const auto& decision : bundle.decisions) {
    const Closed closed =
        phase == Phase::kAnswer ? decision->closed_answers : decision->closed_sheets;
    constexpr const char* kNames[] = {"all_arrived", "soft", "absent", "hard"};
    json["closed"][bundle.roster.node(decision.author()).name] =
        kNames[static_cast<size_t>(closed) & 3];
  }
  return json;
}

}  // namespace

const std::string* WinningText(const CheckedBundle& bundle) {
  if (!bundle.aggregate) return nullptr;
  const size_t best = bundle.aggregate->ranking.front();
  const Answer* answer = AnswerOf(bundle, bundle.input->answers[best].author);
  return answer == nullptr ? nullptr : &answer->text;
}

std::string FlipMarginInWords(int flip_margin, int counted, int faulty_evaluators) {
  if (flip_margin > counted) {
    return absl::StrCat("no rewriting of the ", FormatCount(counted, "counted score sheet"),
                        " would change the winner");
  }
  return absl::StrCat(
      "rewriting ", flip_margin, " of the ", FormatCount(counted, "counted score sheet"),
      " would be enough to change the winner",
      flip_margin > faulty_evaluators
          ? absl::StrCat(", more than the ", faulty_evaluators, " that may lie")
          : absl::StrCat(", no more than the ", faulty_evaluators, " that may lie: a close call"));
}

std::string DescribeRanking(const CheckedBundle& bundle) {
  using Align = TextTable::Align;
  TextTable table({{"rank", Align::kRight},
                   {"node"},
                   {"model"},
                   {"score", Align::kRight},
                   {"tokens", Align::kRight},
                   {"time", Align::kRight}});
  size_t rank = 0;
  for (const size_t position : bundle.aggregate->ranking) {
    const NodeIndex author = bundle.input->answers[position].author;
    const Answer* answer = AnswerOf(bundle, author);
    const Usage usage = answer == nullptr ? Usage{} : answer->usage;
    table.Add({absl::StrCat(++rank), Name(bundle, author), answer == nullptr ? "" : answer->model,
               FormatMicroPoints(bundle.aggregate->shown_scores[position]),
               FormatOptional(usage.completion_tokens),
               usage.elapsed_ms ? DurationText(absl::Milliseconds(
                                      std::min<uint64_t>(*usage.elapsed_ms, 1ull << 40)))
                                : "-"});
  }
  return table.ToString(2);
}

std::string DescribeChecks(const CheckedBundle& bundle) {
  std::string text;
  for (const Check& check : bundle.checks) {
    absl::StrAppend(&text, "  ok  ", check.name, ": ", PrintableLine(check.detail), "\n");
  }
  return text;
}

std::string DescribeTrust(const CheckedBundle& bundle) {
  const std::string cluster = bundle.roster.cluster_id().Hex();
  const uint32_t epoch = bundle.roster.epoch();
  if (!bundle.authenticated) {
    return absl::StrCat("consistent in itself under the roster of epoch ", epoch,
                        ", cluster_id ", cluster,
                        ", not authenticated: no roster that you trust was given, and anyone can ",
                        "make up a cluster; name yours with --roster or in the client's ",
                        "configuration");
  }
  std::vector<std::string> names;
  for (const Check& check : bundle.checks) names.push_back(check.name);
  return absl::StrCat("verified here under your roster (epoch ", epoch, ", cluster_id ", cluster,
                      "): ", absl::StrJoin(names, ", "));
}

std::string DescribeRound(const CheckedBundle& bundle) {
  std::string text = absl::StrCat("Outcome    ", OutcomeInWords(bundle), "\n");
  if (bundle.aggregate) absl::StrAppend(&text, DescribeRanking(bundle));
  absl::StrAppend(&text, "Answers    ", Participation(bundle, Phase::kAnswer), "\n");
  absl::StrAppend(&text, "           closed: ", ClosedBy(bundle, Phase::kAnswer), "\n");
  absl::StrAppend(&text, "Scores     ", Participation(bundle, Phase::kSheet), "\n");
  if (PhaseRan(bundle, Phase::kSheet)) {
    absl::StrAppend(&text, "           closed: ", ClosedBy(bundle, Phase::kSheet), "\n");
  }
  if (bundle.aggregate) {
    absl::StrAppend(&text, "Firmness   ",
                    FlipMarginInWords(bundle.aggregate->flip_margin,
                                      static_cast<int>(bundle.input->sheets.size()),
                                      bundle.roster.panel_faulty(Phase::kSheet)),
                    "\n");
  }
  absl::StrAppend(&text, "Signed     ", SignedBy(bundle), "\n");
  absl::StrAppend(&text, "Proof      ", DescribeTrust(bundle), "\n");
  absl::StrAppend(&text, "Round      ", bundle.round.Hex(), "\n");
  return text;
}

Json RoundAsJson(const CheckedBundle& bundle) {
  Json json = {{"round_id", bundle.round.Hex()},
               {"cluster_id", bundle.roster.cluster_id().Hex()},
               {"epoch", bundle.roster.epoch()},
               {"authenticated", bundle.authenticated},
               {"outcome", std::string(OutcomeName(bundle.verdict.outcome))},
               {"rule", RuleName(bundle.verdict.rule)}};
  json["messages"] = Json::array();
  for (const ChatMessage& message : bundle.query.messages) {
    json["messages"].push_back({{"role", message.role}, {"content", message.content}});
  }
  json["winner"] = nullptr;
  json["answer"] = nullptr;
  json["ranking"] = Json::array();
  if (bundle.aggregate) {
    size_t rank = 0;
    for (const size_t position : bundle.aggregate->ranking) {
      const NodeIndex author = bundle.input->answers[position].author;
      const Answer* answer = AnswerOf(bundle, author);
      Json entry = {{"rank", ++rank},
                    {"node", bundle.roster.node(author).name},
                    {"index", author.value},
                    {"score", static_cast<double>(bundle.aggregate->shown_scores[position]) / 1e6},
                    {"digest", bundle.input->answers[position].digest.Hex()}};
      if (answer != nullptr) {
        entry["model"] = answer->model;
        entry["finish_reason"] = answer->finish_reason;
        entry["usage"] = UsageAsJson(answer->usage);
        entry["text"] = answer->text;
      }
      json["ranking"].push_back(std::move(entry));
    }
    json["winner"] = json["ranking"][0]["node"];
    if (const std::string* text = WinningText(bundle)) json["answer"] = *text;
    json["flip_margin"] = bundle.aggregate->flip_margin;
    json["sheet_distance"] = Json::object();
    for (size_t i = 0; i < bundle.input->sheets.size(); ++i) {
      json["sheet_distance"][bundle.roster.node(bundle.input->sheets[i].author).name] =
          static_cast<double>(bundle.aggregate->sheet_distance[i]) / 1e6;
    }
  }
  json["answers"] = PhaseAsJson(bundle, Phase::kAnswer);
  json["sheets"] = PhaseAsJson(bundle, Phase::kSheet);
  json["signed_by"] = Json::array();
  for (const auto& decision : bundle.decisions) {
    json["signed_by"].push_back(bundle.roster.node(decision.author()).name);
  }
  json["quorum"] = bundle.roster.quorum();
  json["checks"] = Json::array();
  for (const Check& check : bundle.checks) {
    json["checks"].push_back({{"name", check.name}, {"detail", check.detail}});
  }
  return json;
}

std::string DumpJson(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

ExitCode ExitCodeOf(const CheckedBundle& bundle) {
  if (!bundle.authenticated) return ExitCode::kNotAuthenticated;
  return bundle.verdict.outcome == Outcome::kDecided ? ExitCode::kOk : ExitCode::kFailedAsAgreed;
}

}  // namespace decentd
