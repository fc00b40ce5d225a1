// decentctl ask: a question to the council, watched to an answer whose proof holds.
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/codec/peer_codec.h"
#include "node/config/files.h"
#include "node/core/limits.h"
#include "tools/decentctl/bundle_report.h"
#include "tools/decentctl/online_commands.h"
#include "tools/decentctl/online_setup.h"
#include "tools/decentctl/passphrase.h"
#include "tools/decentctl/round_fetch.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd {
namespace {

struct AskOptions : OnlineOptions {
  std::string question, file, system;
  std::string timeout = "5m";
  std::optional<uint32_t> max_tokens;
  std::optional<double> temperature, top_p;
  std::optional<int64_t> seed;
  uint32_t committee = 0;
  std::string save, id_file;
  bool json = false, quiet = false;
};

absl::StatusOr<std::string> Question(const AskOptions& options, std::istream& in) {
  if (options.question.empty() == options.file.empty()) {
    return absl::InvalidArgumentError(
        "expected one question: as an argument, '-' for standard input, or --file");
  }
  std::string text;
  if (!options.file.empty()) {
    absl::StatusOr<std::string> read = ReadTextFile(options.file);
    if (!read.ok()) return read.status();
    text = *std::move(read);
  } else if (options.question == "-") {
    text.assign(std::istreambuf_iterator<char>(in), {});
  } else {
    text = options.question;
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return absl::InvalidArgumentError("the question is empty");
  return text;
}

absl::StatusOr<Query> MakeQuery(const AskOptions& options, const std::string& question,
                                const PublicKey& key, absl::Duration timeout,
                                const Roster* roster) {
  Query query;
  query.client_key = key;
  if (!options.system.empty()) query.messages.push_back({"system", options.system});
  query.messages.push_back({"user", question});
  query.sampling.max_tokens = options.max_tokens;
  query.sampling.temperature = options.temperature;
  query.sampling.top_p = options.top_p;
  query.sampling.seed = options.seed;
  query.committee = options.committee;
  query.nonce.resize(16);
  if (getentropy(query.nonce.data(), query.nonce.size()) != 0) {
    return absl::InternalError("the system gives no random numbers");
  }
  // Nobody starts the round after the asker has gone. The roster bounds how far ahead an expiry
  // may lie; a tenth is left for clocks that differ.
  absl::Duration lifetime = timeout;
  if (roster != nullptr) {
    lifetime =
        std::min(lifetime, absl::Milliseconds(roster->parameters().longest_lifetime_ms / 10 * 9));
  }
  query.expiry_unix_ms = absl::ToUnixMillis(absl::Now() + lifetime);
  if (!IsUtf8(question) || !IsUtf8(options.system)) {
    return absl::InvalidArgumentError("the question or the system message is not UTF-8 text");
  }
  const std::string body = EncodeBody(query);
  if (body.size() > MaxBodyBytes(Kind::kQuery)) {
    return absl::InvalidArgumentError(absl::StrCat("the question is too long: at most ",
                                                   limits::kMaxQueryBytes, " bytes are taken"));
  }
  if (!DecodeQuery(body)) {
    return absl::InvalidArgumentError(
        "no node would take this question: expected temperature 0 to 2, top-p 0 to 1 and "
        "max-tokens at least 1");
  }
  return query;
}

// The cluster the signature is for: the trusted roster's, else what a node says, which then proves
// nothing about who the nodes are.
absl::StatusOr<Digest> ClusterId(const OnlineSetup& setup) {
  if (setup.roster) return setup.roster->cluster_id();
  const auto status = AskInTurn<client::v1::NodeStatus>(
      setup.clients, [](CouncilClient& client) { return client.GetStatus(); });
  if (!status.ok()) return status.status();
  const std::optional<Digest> id = Digest::FromBytes(status->cluster_id());
  if (!id) return absl::InternalError("the node names no cluster_id of 32 bytes");
  return *id;
}

struct Submitted {
  CouncilClients clients;  // first those that took the query, then those that may have
  std::vector<std::pair<std::string, absl::Status>> refusals;
  bool taken = false;         // a node said so
  bool may_be_taken = false;  // none did, and none refused it, but one was slow to reply
};

// To all nodes at once where --node named them, else to the first that takes it: the same bytes
// are the same round everywhere.
Submitted SubmitTo(CouncilClients clients, const Envelope& query, bool all) {
  std::vector<absl::Status> results(clients.size(), absl::UnavailableError("not asked"));
  if (all) {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < clients.size(); ++i) {
      threads.emplace_back([&, i] { results[i] = clients[i]->Submit(query).status(); });
    }
    for (std::thread& thread : threads) thread.join();
  } else {
    for (size_t i = 0; i < clients.size() && (i == 0 || !results[i - 1].ok()); ++i) {
      results[i] = clients[i]->Submit(query).status();
    }
  }
  Submitted out;
  CouncilClients may_have_it, others;
  bool refused = false;
  for (size_t i = 0; i < clients.size(); ++i) {
    if (results[i].ok()) {
      out.taken = true;
      out.clients.push_back(std::move(clients[i]));
      continue;
    }
    // A node replies once its disk has the query.
    const bool is_slow = IsTooSlow(results[i]) && clients[i]->IsConnected();
    if (is_slow) {
      results[i] = absl::DeadlineExceededError("slow to reply; it may have taken the question");
    } else {
      refused |= !IsUnreachable(results[i]);
    }
    if (results[i].message() != "not asked") {
      out.refusals.emplace_back(clients[i]->address(), results[i]);
    }
    (is_slow ? may_have_it : others).push_back(std::move(clients[i]));
  }
  out.may_be_taken = !out.taken && !refused && !may_have_it.empty();
  std::ranges::move(may_have_it, std::back_inserter(out.clients));
  std::ranges::move(others, std::back_inserter(out.clients));
  return out;
}

ExitCode TimedOut(const Context& context, const Submitted& submitted, const RoundId& round,
                  const std::string& timeout) {
  const auto state = AskInTurn<client::v1::Round>(
      submitted.clients, [&](CouncilClient& client) { return client.GetRound(round); });
  std::string where = "no node says where the round stands";
  if (state.ok()) {
    where = state->state() == client::v1::Round::STATE_UNDECIDED
                ? "a node gave the round up undecided"
            : state->waiting_for().empty()
                ? "the round runs"
                : absl::StrCat("the round waits: ", PrintableLine(state->waiting_for()));
  } else {
    absl::StrAppend(&where, " (", std::string(state.status().message()), ")");
  }
  return context.Fail(
      ExitCode::kTimedOut,
      absl::StrCat("no result within ", timeout, ": ", where,
                   ". It may still end; look later with: decentctl rounds show ", round.Hex()));
}

ExitCode Report(const Context& context, const AskOptions& options, const FetchedBundle& fetched) {
  const CheckedBundle& bundle = fetched.bundle;
  if (!options.save.empty()) {
    if (absl::Status saved = ReplaceFile(options.save, bundle.bytes); !saved.ok()) {
      return context.Fail(ExitCode::kError, std::string(saved.message()));
    }
  }
  if (options.json) {
    nlohmann::ordered_json json = RoundAsJson(bundle);
    json["proof_from"] = fetched.from;
    context.out << DumpJson(json);
    return ExitCodeOf(bundle);
  }
  const std::string* answer = WinningText(bundle);
  if (answer != nullptr) context.out << PrintableText(*answer) << "\n";
  if (!options.quiet) {
    if (answer != nullptr) context.out << "\n";
    context.out << DescribeRound(bundle);
    if (!options.save.empty()) context.out << "Saved      " << options.save << "\n";
  }
  context.out.flush();
  if (!bundle.authenticated) context.Warn(DescribeTrust(bundle));
  if (answer == nullptr && options.quiet) context.Warn("the council agreed that the round failed");
  return ExitCodeOf(bundle);
}

ExitCode Ask(Context& context, const AskOptions& options) {
  const absl::StatusOr<absl::Duration> timeout = ParseTimeout(options.timeout);
  if (!timeout.ok()) {
    return context.Fail(ExitCode::kUsage, "--timeout: " + std::string(timeout.status().message()));
  }
  const absl::StatusOr<std::string> question = Question(options, context.in);
  if (!question.ok()) {
    return context.Fail(ExitCode::kUsage, std::string(question.status().message()));
  }
  absl::StatusOr<OnlineSetup> setup = SetUpOnline(options);
  if (!setup.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(setup.status().message()));
  }
  if (!setup->config) {
    return context.Fail(
        ExitCode::kConfiguration,
        absl::StrCat(
            "a question is signed with the client's key: ",
            std::string(
                FindClientConfig(options.config, ProcessEnvironment()).status().message())));
  }
  const absl::StatusOr<std::unique_ptr<Ed25519Identity>> key =
      LoadIdentity(setup->config->key, setup->config->passphrase_file);
  if (!key.ok()) return context.Fail(key.status());
  const absl::StatusOr<Digest> cluster = ClusterId(*setup);
  if (!cluster.ok()) {
    return context.Fail(ExitCodeFor(cluster.status()), std::string(cluster.status().message()));
  }
  const absl::StatusOr<Query> query =
      MakeQuery(options, *question, (*key)->public_key(), *timeout, setup->trusted());
  if (!query.ok()) return context.Fail(ExitCode::kUsage, std::string(query.status().message()));
  const Envelope envelope = SignQuery(**key, *cluster, *query);
  const RoundId round{Sha256(envelope.body)};
  const absl::Time deadline = absl::Now() + *timeout;

  const Submitted submitted = SubmitTo(std::move(setup->clients), envelope, !options.nodes.empty());
  if (!submitted.taken && !submitted.may_be_taken) {
    ExitCode code = ExitCode::kUnreachable;
    for (const auto& [address, status] : submitted.refusals) {
      if (!IsUnreachable(status)) code = ExitCode::kRefused;
    }
    return context.Fail(code,
                        absl::StrCat(code == ExitCode::kRefused ? "no node took the question: "
                                                                : "no node could be reached: ",
                                     JoinReasons(submitted.refusals)));
  }
  if (!options.id_file.empty()) {
    if (absl::Status saved = ReplaceFile(options.id_file, round.Hex() + "\n"); !saved.ok()) {
      return context.Fail(ExitCode::kError, std::string(saved.message()));
    }
  }
  std::optional<Roster> narrowed;
  if (setup->roster) narrowed = setup->roster->Committee(round, query->committee);
  LiveView view(context.err,
                options.quiet ? LiveView::Mode::kQuiet : LiveView::ModeFor(context.err),
                narrowed ? &*narrowed : nullptr);
  view.Note(absl::StrCat("round ", round.Hex()));
  for (const auto& [address, status] : submitted.refusals) {
    view.Note(absl::StrCat(address, ": ", std::string(status.message())));
  }
  const auto result = WatchToProof(submitted.clients, round, {envelope, submitted.taken},
                                   setup->trusted(), deadline, view);
  view.Stop();
  if (const auto* fetched = std::get_if<FetchedBundle>(&result)) {
    return Report(context, options, *fetched);
  }
  const FetchFailure& failure = std::get<FetchFailure>(result);
  if (failure.kind == FetchFailure::Kind::kInvalidProof) {
    return context.Fail(ExitCode::kProofInvalid, std::string(failure.status.message()));
  }
  if (failure.kind == FetchFailure::Kind::kRefused) {
    return context.Fail(ExitCode::kRefused, absl::StrCat("no node took the question: ",
                                                         std::string(failure.status.message())));
  }
  if (failure.kind == FetchFailure::Kind::kGivenUp) {
    return context.Fail(ExitCode::kGivenUp, absl::StrCat(std::string(failure.status.message()),
                                                         ": ask again, as a new round"));
  }
  return TimedOut(context, submitted, round, options.timeout);
}

}  // namespace

void AddAskCommands(CLI::App& app, Context& context) {
  auto options = std::make_shared<AskOptions>();
  CLI::App* ask = app.add_subcommand("ask", "Ask the council and check the proof of its answer");
  ask->add_option("question", options->question, "The question; '-' reads standard input");
  ask->add_option("--file", options->file, "Read the question from a file");
  ask->add_option("--system", options->system, "A system message for the answering models");
  AddOnlineOptions(ask, *options);
  ask->add_option("--timeout", options->timeout, "How long to wait, as 90s, 5m or 1h")
      ->capture_default_str();
  ask->add_option("--max-tokens", options->max_tokens, "Longest answer of each model, in tokens");
  ask->add_option("--temperature", options->temperature, "Sampling temperature of each model");
  ask->add_option("--top-p", options->top_p, "Nucleus sampling of each model");
  ask->add_option("--seed", options->seed, "Sampling seed of each model, where it takes one");
  ask->add_option("--committee", options->committee,
                  "How many of the agents answer and score, drawn by lot; default: all")
      ->check(CLI::Range(size_t{1}, limits::kMaxNodes));
  ask->add_option("--save", options->save, "Keep the proof in this file");
  ask->add_option("--id-file", options->id_file,
                  "Write the round's id to this file once a node took the question, or was too slow "
                  "to say so");
  ask->add_flag("--json", options->json, "One JSON document on standard output");
  ask->add_flag("--quiet,-q", options->quiet, "Print the answer only");
  SetExamples(ask,
              {"decentctl ask \"Which planet has the most moons?\"",
               "decentctl ask --committee 4 \"Name a prime above 100.\"",
               "decentctl ask --file question.txt --system \"Answer in one sentence.\"",
               "git diff | decentctl ask - --timeout 10m --json",
               "decentctl ask \"...\" --node 10.0.0.1:7100 --node 10.0.0.2:7100 --save a.bundle"});
  SetAction(ask, context, [&context, options] { return Ask(context, *options); });
}

}  // namespace decentd
