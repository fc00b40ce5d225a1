// decentctl rounds: the rounds that a node knows, and their proofs.
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/config/files.h"
#include "tools/decentctl/bundle_report.h"
#include "tools/decentctl/online_commands.h"
#include "tools/decentctl/online_setup.h"
#include "tools/decentctl/round_fetch.h"
#include "tools/decentctl/terminal_text.h"
#include "tools/decentctl/text_table.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;
using ProtoRound = client::v1::Round;

struct RoundsOptions : OnlineOptions {
  uint32_t limit = 20;
  std::string id, out;
  bool json = false;
};

std::string StateName(ProtoRound::State state) {
  switch (state) {
    case ProtoRound::STATE_RUNNING:
      return "running";
    case ProtoRound::STATE_DECIDED:
      return "decided";
    case ProtoRound::STATE_FAILED:
      return "failed";
    case ProtoRound::STATE_UNDECIDED:
      return "given up";
    default:
      return "unknown";
  }
}

std::string IdOf(const ProtoRound& round) {
  const std::optional<Digest> digest = Digest::FromBytes(round.round_id());
  return digest ? digest->Hex() : "";
}

std::string WinnerOf(const ProtoRound& round, const Roster* roster) {
  return round.has_winner() ? RoundProgress(roster).NodeName(round.winner()) : "-";
}

Json ToJson(const ProtoRound& round, const Roster* roster) {
  Json json = {{"round_id", IdOf(round)},
               {"epoch", round.epoch()},
               {"state", StateName(round.state())},
               {"started_unix_ms", round.started_unix_ms()},
               {"finished_unix_ms", round.finished_unix_ms()},
               {"question", round.question()},
               {"outcome", round.outcome()},
               {"winner", nullptr},
               {"answers", round.answers()},
               {"sheets", round.sheets()},
               {"waiting_for", round.waiting_for()},
               {"bundle_bytes", round.bundle_bytes()}};
  if (round.has_winner()) json["winner"] = WinnerOf(round, roster);
  return json;
}

std::string Took(const ProtoRound& round) {
  if (round.finished_unix_ms() == 0) return "-";
  return DurationText(absl::FromUnixMillis(round.finished_unix_ms()) -
                        absl::FromUnixMillis(round.started_unix_ms()));
}

ExitCode Fail(const Context& context, const absl::Status& status) {
  return context.Fail(ExitCodeFor(status), std::string(status.message()));
}

ExitCode List(Context& context, const RoundsOptions& options) {
  const absl::StatusOr<OnlineSetup> setup = SetUpOnline(options);
  if (!setup.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(setup.status().message()));
  }
  std::vector<ProtoRound> rounds;
  const auto collect = [&](CouncilClient& client) -> absl::StatusOr<std::string> {
    rounds.clear();
    client::v1::ListRoundsRequest request;
    while (rounds.size() < options.limit) {
      request.set_page_size(static_cast<uint32_t>(options.limit - rounds.size()));
      const auto reply = client.ListRounds(request);
      if (!reply.ok()) return reply.status();
      rounds.insert(rounds.end(), reply->rounds().begin(), reply->rounds().end());
      if (reply->next_page_token().empty() || reply->rounds().empty()) break;
      request.set_page_token(reply->next_page_token());
    }
    return client.address();
  };
  const auto node = AskInTurn<std::string>(setup->clients, collect);
  if (!node.ok()) return Fail(context, node.status());
  if (options.json) {
    Json json = {{"node", *node}, {"rounds", Json::array()}};
    for (const ProtoRound& round : rounds) {
      json["rounds"].push_back(ToJson(round, setup->trusted()));
    }
    context.out << DumpJson(json);
    return ExitCode::kOk;
  }
  using Align = TextTable::Align;
  TextTable table({{"round"},
                   {"started"},
                   {"state"},
                   {"took", Align::kRight},
                   {"winner"},
                   {"answers", Align::kRight},
                   {"sheets", Align::kRight},
                   {"question"}});
  for (const ProtoRound& round : rounds) {
    table.Add({IdOf(round).substr(0, 12), TimeText(round.started_unix_ms()),
               StateName(round.state()), Took(round), WinnerOf(round, setup->trusted()),
               absl::StrCat(round.answers()), absl::StrCat(round.sheets()),
               round.state() == ProtoRound::STATE_RUNNING && !round.waiting_for().empty()
                   ? absl::StrCat("(", round.waiting_for(), ") ", round.question())
                   : round.question()});
  }
  context.out << table.ToString();
  return ExitCode::kOk;
}

// Of a round without a proof.
ExitCode UnfinishedCode(const ProtoRound& round) {
  return round.state() == ProtoRound::STATE_UNDECIDED ? ExitCode::kGivenUp : ExitCode::kTimedOut;
}

// A round without a proof yet: what the node says of it, which is its word only.
ExitCode ShowUnfinished(Context& context, const RoundsOptions& options, const ProtoRound& round,
                        const Roster* roster) {
  if (options.json) {
    context.out << DumpJson(ToJson(round, roster));
  } else if (round.state() == ProtoRound::STATE_UNDECIDED) {
    context.out << "State      given up undecided: this is one node's word, and all it keeps\n"
                << "Round      " << IdOf(round) << "\n";
  } else {
    context.out << "Question   " << PrintableLine(round.question()) << "\n"
                << "State      " << StateName(round.state()) << " since "
                << TimeText(round.started_unix_ms()) << ", " << round.answers() << " answers, "
                << round.sheets() << " score sheets\n";
    if (!round.waiting_for().empty()) {
      context.out << "Waits for  " << PrintableLine(round.waiting_for()) << "\n";
    }
    context.out << "Proof      none yet: this is one node's word\n"
                << "Round      " << IdOf(round) << "\n";
  }
  return UnfinishedCode(round);
}

// The round's checked proof, or the exit status after the reason was said.
std::variant<FetchedBundle, ExitCode> Fetch(Context& context, const RoundsOptions& options,
                                            const OnlineSetup& setup, bool show) {
  const absl::StatusOr<RoundId> id = FindRound(setup.clients, options.id);
  if (!id.ok()) {
    return id.status().code() == absl::StatusCode::kInvalidArgument
               ? context.Fail(ExitCode::kUsage, std::string(id.status().message()))
               : Fail(context, id.status());
  }
  std::set<size_t> distrusted;
  auto fetched = FetchChecked(setup.clients, 0, *id, setup.trusted(), distrusted,
                              [&](const std::string& what) { context.Warn(what); });
  if (auto* bundle = std::get_if<FetchedBundle>(&fetched)) return std::move(*bundle);
  const FetchFailure& failure = std::get<FetchFailure>(fetched);
  if (failure.kind == FetchFailure::Kind::kInvalidProof) {
    return context.Fail(ExitCode::kProofInvalid,
                        "no node gave a valid proof: " + std::string(failure.status.message()));
  }
  // No proof yet, or no such round: any node that knows it may tell, best one that runs it still.
  std::optional<ProtoRound> told;
  for (const auto& client : setup.clients) {
    const auto round = client->GetRound(*id);
    if (!round.ok()) continue;
    told = *round;
    if (round->state() != ProtoRound::STATE_UNDECIDED) break;
  }
  if (!told) return Fail(context, failure.status);
  if (show) return ShowUnfinished(context, options, *told, setup.trusted());
  return context.Fail(
      UnfinishedCode(*told),
      absl::StrCat("the round has no proof yet, it is ", StateName(told->state()),
                   told->waiting_for().empty() ? "" : ": ", PrintableLine(told->waiting_for())));
}

ExitCode Show(Context& context, const RoundsOptions& options) {
  const absl::StatusOr<OnlineSetup> setup = SetUpOnline(options);
  if (!setup.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(setup.status().message()));
  }
  const auto fetched = Fetch(context, options, *setup, /*show=*/true);
  if (const auto* code = std::get_if<ExitCode>(&fetched)) return *code;
  const auto& [bundle, from] = std::get<FetchedBundle>(fetched);
  if (options.json) {
    Json json = RoundAsJson(bundle);
    json["proof_from"] = from;
    context.out << DumpJson(json);
    return ExitCodeOf(bundle);
  }
  for (const ChatMessage& message : bundle.query.messages) {
    context.out << PrintableLine(message.role) << ": " << PrintableText(message.content) << "\n\n";
  }
  if (const std::string* answer = WinningText(bundle)) {
    context.out << PrintableText(*answer) << "\n\n";
  }
  context.out << DescribeRound(bundle);
  return ExitCodeOf(bundle);
}

ExitCode Export(Context& context, const RoundsOptions& options) {
  const absl::StatusOr<OnlineSetup> setup = SetUpOnline(options);
  if (!setup.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(setup.status().message()));
  }
  const auto fetched = Fetch(context, options, *setup, /*show=*/false);
  if (const auto* code = std::get_if<ExitCode>(&fetched)) return *code;
  const auto& [bundle, from] = std::get<FetchedBundle>(fetched);
  if (absl::Status saved = ReplaceFile(options.out, bundle.bytes); !saved.ok()) {
    return context.Fail(ExitCode::kError, std::string(saved.message()));
  }
  context.out << options.out << ": " << FormatBytes(bundle.bytes.size()) << ", round "
              << bundle.round.Hex() << " from " << from << "\n"
              << DescribeTrust(bundle) << "\n";
  return bundle.authenticated ? ExitCode::kOk : ExitCode::kNotAuthenticated;
}

}  // namespace

void AddRoundsCommands(CLI::App& app, Context& context) {
  CLI::App* rounds = app.add_subcommand("rounds", "List, show and export rounds");
  rounds->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto action) {
    auto options = std::make_shared<RoundsOptions>();
    CLI::App* command = rounds->add_subcommand(name, help);
    AddOnlineOptions(command, *options);
    SetAction(command, context, [&context, options, action] { return action(context, *options); });
    return std::pair(command, options);
  };
  {
    const auto [ls, options] = add("ls", "List rounds, newest first", List);
    ls->add_option("--limit", options->limit, "How many")
        ->capture_default_str()
        ->check(CLI::Range(1u, 100'000u));
    ls->add_flag("--json", options->json, "One JSON document on standard output");
    SetExamples(ls, {"decentctl rounds ls", "decentctl rounds ls --limit 100 --json"});
  }
  {
    const auto [show, options] = add("show", "Show a round and check its proof", Show);
    show->add_option("id", options->id, "The round's id, or its first digits")->required();
    show->add_flag("--json", options->json, "One JSON document on standard output");
    SetExamples(show, {"decentctl rounds show 1f3a9c", "decentctl rounds show 1f3a9c --json"});
  }
  {
    const auto [save, options] = add("export", "Write a round's proof to a file", Export);
    save->add_option("id", options->id, "The round's id, or its first digits")->required();
    save->add_option("--out", options->out, "The file")->required();
    SetExamples(save, {"decentctl rounds export 1f3a9c --out round.bundle"});
  }
}

}  // namespace decentd
