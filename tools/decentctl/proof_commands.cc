// decentctl verify and replay: a round's proof checked from its bytes alone, without any node.
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "node/config/files.h"
#include "node/core/limits.h"
#include "tools/decentctl/bundle_report.h"
#include "tools/decentctl/online_commands.h"
#include "tools/decentctl/online_setup.h"
#include "tools/decentctl/terminal_text.h"
#include "tools/decentctl/text_table.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

struct ProofOptions : TrustOptions {
  std::string bundle, rule;
  bool json = false;
};

// The checked bundle, or the exit status after the reason was said.
std::variant<CheckedBundle, ExitCode> Load(Context& context, const ProofOptions& options) {
  const absl::StatusOr<std::optional<Roster>> roster = LoadTrustedRoster(options);
  if (!roster.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(roster.status().message()));
  }
  const absl::StatusOr<std::string> bytes = ReadTextFile(options.bundle, limits::kMaxBundleBytes);
  if (!bytes.ok()) return context.Fail(ExitCode::kError, std::string(bytes.status().message()));
  absl::StatusOr<CheckedBundle> bundle = VerifyBundle(*bytes, *roster ? &**roster : nullptr);
  if (bundle.ok()) return *std::move(bundle);
  // "name: detail" of the first check that fails.
  const std::string message(bundle.status().message());
  if (options.json) {
    const size_t colon = message.find(": ");
    context.out << DumpJson(
        {{"valid", false},
         {"failed_check", message.substr(0, colon)},
         {"detail", colon == std::string::npos ? "" : message.substr(colon + 2)}});
  }
  return context.Fail(ExitCode::kProofInvalid,
                      absl::StrCat(options.bundle, " is invalid, ", PrintableLine(message)));
}

ExitCode Verify(Context& context, const ProofOptions& options) {
  const auto loaded = Load(context, options);
  if (const auto* code = std::get_if<ExitCode>(&loaded)) return *code;
  const auto& bundle = std::get<CheckedBundle>(loaded);
  // The proof is what is asked about here: that the round failed is no failure of it.
  const ExitCode code = bundle.authenticated ? ExitCode::kOk : ExitCode::kNotAuthenticated;
  if (options.json) {
    Json json = {{"valid", true}};
    json.update(RoundAsJson(bundle));
    context.out << DumpJson(json);
    return code;
  }
  context.out << DescribeChecks(bundle) << DescribeRound(bundle);
  return code;
}

struct Standing {
  size_t rank = 0;
  int64_t score = 0;
};

// By position of the input's answers.
std::vector<Standing> Standings(const AggregateResult& result) {
  std::vector<Standing> standings(result.ranking.size());
  for (size_t i = 0; i < result.ranking.size(); ++i) {
    standings[result.ranking[i]] = {i + 1, result.shown_scores[result.ranking[i]]};
  }
  return standings;
}

ExitCode Replay(Context& context, const ProofOptions& options) {
  const std::optional<Rule> rule = RuleFromName(options.rule);
  if (!rule) {
    std::string known;
    for (uint8_t i = 1; !RuleName(static_cast<Rule>(i)).empty(); ++i) {
      absl::StrAppend(&known, known.empty() ? "" : ", ", RuleName(static_cast<Rule>(i)));
    }
    return context.Fail(ExitCode::kUsage, absl::StrCat("no rule \"", PrintableLine(options.rule),
                                                       "\": expected one of ", known));
  }
  const auto loaded = Load(context, options);
  if (const auto* code = std::get_if<ExitCode>(&loaded)) return *code;
  const auto& bundle = std::get<CheckedBundle>(loaded);
  if (!bundle.input || !bundle.aggregate) {
    return context.Fail(ExitCode::kFailedAsAgreed,
                        absl::StrCat("the round failed as agreed (",
                                     std::string(OutcomeName(bundle.verdict.outcome)),
                                     "): it has no scores to aggregate"));
  }
  const AggregateResult other = Aggregate(bundle.roster, *rule, *bundle.input);
  const std::vector<Standing> before = Standings(*bundle.aggregate), after = Standings(other);
  const auto name = [&](size_t position) {
    return bundle.roster.node(bundle.input->answers[position].author).name;
  };
  const ExitCode code = bundle.authenticated ? ExitCode::kOk : ExitCode::kNotAuthenticated;
  const bool same = bundle.aggregate->ranking.front() == other.ranking.front();
  if (options.json) {
    Json json = {{"round_id", bundle.round.Hex()},
                 {"authenticated", bundle.authenticated},
                 {"rule", RuleName(bundle.verdict.rule)},
                 {"replayed_rule", RuleName(*rule)},
                 {"winner", name(bundle.aggregate->ranking.front())},
                 {"replayed_winner", name(other.ranking.front())},
                 {"flip_margin", bundle.aggregate->flip_margin},
                 {"replayed_flip_margin", other.flip_margin}};
    json["answers"] = Json::array();
    for (const size_t position : other.ranking) {
      json["answers"].push_back(
          {{"node", name(position)},
           {"rank", before[position].rank},
           {"score", static_cast<double>(before[position].score) / 1e6},
           {"replayed_rank", after[position].rank},
           {"replayed_score", static_cast<double>(after[position].score) / 1e6}});
    }
    context.out << DumpJson(json);
    return code;
  }
  using Align = TextTable::Align;
  TextTable table({{"node"},
                   {"rank", Align::kRight},
                   {"score", Align::kRight},
                   {"replayed rank", Align::kRight},
                   {"replayed score", Align::kRight}});
  for (const size_t position : other.ranking) {
    table.Add({name(position), absl::StrCat(before[position].rank),
               FormatMicroPoints(before[position].score), absl::StrCat(after[position].rank),
               FormatMicroPoints(after[position].score)});
  }
  context.out << "Decided by " << RuleName(bundle.verdict.rule) << ", replayed with "
              << RuleName(*rule) << ":\n"
              << table.ToString(2)
              << (same ? "The winner is the same: " : "The winner would be another: ")
              << PrintableLine(name(other.ranking.front())) << ". Under " << RuleName(*rule) << ", "
              << FlipMarginInWords(other.flip_margin, static_cast<int>(bundle.input->sheets.size()),
                                   bundle.roster.panel_faulty(Phase::kSheet))
              << ".\n"
              << "Proof      " << DescribeTrust(bundle) << "\n";
  return code;
}

}  // namespace

void AddProofCommands(CLI::App& app, Context& context) {
  const auto add = [&](const char* name, const char* help, auto action) {
    auto options = std::make_shared<ProofOptions>();
    CLI::App* command = app.add_subcommand(name, help);
    command
        ->add_option("bundle", options->bundle, "The round's proof, as 'rounds export' writes it")
        ->required();
    AddTrustOptions(command, *options);
    command->add_flag("--json", options->json, "One JSON document on standard output");
    SetAction(command, context, [&context, options, action] { return action(context, *options); });
    return std::pair(command, options);
  };
  {
    const auto [verify, options] =
        add("verify", "Check a round's proof offline, from its bytes alone", Verify);
    SetExamples(verify, {"decentctl verify round.bundle --roster roster.yaml",
                         "decentctl verify round.bundle --json"});
  }
  {
    const auto [replay, options] =
        add("replay", "Aggregate a round's scores again under another rule", Replay);
    replay->add_option("--rule", options->rule, "The rule, as roster.yaml names it")->required();
    SetExamples(replay, {"decentctl replay round.bundle --rule krum",
                         "decentctl replay round.bundle --rule median_of_totals --json"});
  }
}

}  // namespace decentd
