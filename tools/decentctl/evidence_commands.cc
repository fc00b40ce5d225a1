// decentctl evidence: proofs that a node lied to its peers, listed and exported by a node, and checked
// by anybody from their bytes.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/codec/peer_codec.h"
#include "node/codec/record_codec.h"
#include "node/config/files.h"
#include "node/core/limits.h"
#include "tools/decentctl/bundle_report.h"
#include "tools/decentctl/online_commands.h"
#include "tools/decentctl/online_setup.h"
#include "tools/decentctl/round_progress.h"
#include "tools/decentctl/terminal_text.h"
#include "tools/decentctl/text_table.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

struct EvidenceOptions : OnlineOptions {
  std::string id, file;
  bool json = false;
};

std::string Hex(const std::string& bytes) {
  const std::optional<Digest> digest = Digest::FromBytes(bytes);
  return digest ? digest->Hex() : "";
}

ExitCode ListEvidence(Context& context, const EvidenceOptions& options) {
  const absl::StatusOr<OnlineSetup> setup = SetUpOnline(options);
  if (!setup.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(setup.status().message()));
  }
  std::vector<client::v1::Evidence> evidence;
  const auto collect = [&](CouncilClient& client) -> absl::StatusOr<std::string> {
    evidence.clear();
    client::v1::ListEvidenceRequest request;
    request.set_page_size(500);
    do {
      const auto reply = client.ListEvidence(request);
      if (!reply.ok()) return reply.status();
      evidence.insert(evidence.end(), reply->evidence().begin(), reply->evidence().end());
      if (reply->evidence().empty()) break;
      request.set_page_token(reply->next_page_token());
    } while (!request.page_token().empty());
    return client.address();
  };
  const auto node = AskInTurn<std::string>(setup->clients, collect);
  if (!node.ok()) {
    return context.Fail(ExitCodeFor(node.status()), std::string(node.status().message()));
  }
  const RoundProgress names(setup->trusted());
  if (options.json) {
    Json json = {{"node", *node}, {"evidence", Json::array()}};
    for (const client::v1::Evidence& e : evidence) {
      json["evidence"].push_back({{"id", e.id()},
                                  {"author", names.NodeName(e.author())},
                                  {"kind", e.kind()},
                                  {"round_id", Hex(e.round_id())},
                                  {"unix_ms", e.unix_ms()},
                                  {"bytes", e.data_bytes()}});
    }
    context.out << DumpJson(json);
    return ExitCode::kOk;
  }
  TextTable table({{"evidence"},
                   {"author"},
                   {"two conflicting"},
                   {"round"},
                   {"found"},
                   {"size", TextTable::Align::kRight}});
  for (const client::v1::Evidence& e : evidence) {
    table.Add({e.id().substr(0, 16), names.NodeName(e.author()), e.kind(),
               Hex(e.round_id()).substr(0, 12), TimeText(e.unix_ms()),
               FormatBytes(e.data_bytes())});
  }
  context.out << (evidence.empty() ? "no evidence of equivocation at " + *node + "\n"
                                   : table.ToString());
  return ExitCode::kOk;
}

// The full id of the only evidence whose id starts with `prefix`.
absl::StatusOr<std::string> FindEvidence(CouncilClient& client, const std::string& prefix) {
  client::v1::ListEvidenceRequest request;
  request.set_page_size(500);
  std::string found;
  do {
    const auto reply = client.ListEvidence(request);
    if (!reply.ok()) return reply.status();
    for (const client::v1::Evidence& e : reply->evidence()) {
      if (!e.id().starts_with(prefix)) continue;
      if (!found.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("several start with ", PrintableLine(prefix), "; give more digits"));
      }
      found = e.id();
    }
    if (reply->evidence().empty()) break;
    request.set_page_token(reply->next_page_token());
  } while (!request.page_token().empty());
  if (found.empty()) {
    return absl::NotFoundError(absl::StrCat("no evidence whose id starts with ",
                                            PrintableLine(prefix),
                                            "; 'decentctl evidence ls' lists it"));
  }
  return found;
}

ExitCode ExportEvidence(Context& context, const EvidenceOptions& options) {
  const absl::StatusOr<OnlineSetup> setup = SetUpOnline(options);
  if (!setup.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(setup.status().message()));
  }
  const auto evidence = AskInTurn<client::v1::Evidence>(
      setup->clients, [&](CouncilClient& client) -> absl::StatusOr<client::v1::Evidence> {
        const absl::StatusOr<std::string> id = FindEvidence(client, options.id);
        if (!id.ok()) return id.status();
        client::v1::ListEvidenceRequest request;
        request.set_id(*id);
        const auto reply = client.ListEvidence(request);
        if (!reply.ok()) return reply.status();
        if (reply->evidence_size() != 1 ||
            Sha256(reply->evidence(0).data()).Hex() != reply->evidence(0).id()) {
          return absl::InternalError("the node sent something else than the evidence of that id");
        }
        return reply->evidence(0);
      });
  if (!evidence.ok()) {
    return context.Fail(ExitCodeFor(evidence.status()), std::string(evidence.status().message()));
  }
  if (absl::Status saved = ReplaceFile(options.file, evidence->data()); !saved.ok()) {
    return context.Fail(ExitCode::kError, std::string(saved.message()));
  }
  context.out << options.file << ": " << FormatBytes(evidence->data().size()) << ", two conflicting "
              << PrintableLine(evidence->kind()) << " said to be signed by "
              << RoundProgress(setup->trusted()).NodeName(evidence->author()) << "\n";
  return ExitCode::kOk;
}

std::string_view WhatWasSigned(Evidence::Type type) {
  switch (type) {
    case Evidence::Type::kProposals:
      return "proposals for one slot";
    case Evidence::Type::kVotes:
      return "bodies of votes under one number";
    case Evidence::Type::kEchoes:
      return "echoes for one slot";
  }
  return "statements";
}

// As signed, whatever the file says beside it. REQUIRES: the evidence is valid.
RoundId SignedRound(const Roster& roster, const Evidence& evidence) {
  const std::string& body = evidence.first->body;
  return evidence.first->kind == Kind::kPropose ? DecodePropose(roster, body)->round
                                                : DecodeVotes(roster, body)->round;
}

ExitCode VerifyEvidenceFile(Context& context, const EvidenceOptions& options) {
  const absl::StatusOr<std::optional<Roster>> roster = LoadTrustedRoster(options);
  if (!roster.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(roster.status().message()));
  }
  if (!*roster) {
    return context.Fail(ExitCode::kNotAuthenticated,
                        "evidence is about a key of a roster: name the roster with --roster");
  }
  const absl::StatusOr<std::string> bytes = ReadTextFile(options.file, limits::kMaxBundleBytes);
  if (!bytes.ok()) return context.Fail(ExitCode::kError, std::string(bytes.status().message()));
  const absl::StatusOr<EvidenceRecord> record = DecodeEvidence(*bytes);
  const absl::Status status =
      record.ok() ? VerifyEvidence(**roster, Ed25519Scheme(), record->evidence) : record.status();
  if (!status.ok()) {
    if (options.json) {
      context.out << DumpJson({{"valid", false}, {"detail", std::string(status.message())}});
    }
    return context.Fail(ExitCode::kProofInvalid,
                        absl::StrCat(options.file, " proves nothing: ",
                                     PrintableLine(std::string(status.message()))));
  }
  const RosterNode& author = (*roster)->node(record->evidence.author);
  const std::string round = SignedRound(**roster, record->evidence).Hex();
  const std::string_view what = WhatWasSigned(record->evidence.type);
  if (options.json) {
    context.out << DumpJson({{"valid", true},
                             {"cluster_id", (*roster)->cluster_id().Hex()},
                             {"author", author.name},
                             {"key", author.key.Hex()},
                             {"two_different", what},
                             {"round_id", round}});
  } else {
    context.out << "It holds: " << PrintableLine(author.name) << " signed two different " << what
                << ", which no honest node does.\n"
                << "Round      " << round << "\n"
                << "Key        " << author.key.Hex() << "\n"
                << "Cluster    " << (*roster)->cluster_id().Hex() << "\n";
  }
  return ExitCode::kOk;
}

}  // namespace

void AddEvidenceCommands(CLI::App& app, Context& context) {
  CLI::App* evidence = app.add_subcommand("evidence", "Proofs that a node lied to its peers");
  evidence->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto action) {
    auto options = std::make_shared<EvidenceOptions>();
    CLI::App* command = evidence->add_subcommand(name, help);
    SetAction(command, context, [&context, options, action] { return action(context, *options); });
    return std::pair(command, options);
  };
  constexpr const char* kJsonHelp = "One JSON document on standard output";
  {
    const auto [ls, options] = add("ls", "List the evidence that a node holds", ListEvidence);
    AddOnlineOptions(ls, *options);
    ls->add_flag("--json", options->json, kJsonHelp);
    SetExamples(ls, {"decentctl evidence ls", "decentctl evidence ls --json"});
  }
  {
    const auto [save, options] = add("export", "Write one to a file", ExportEvidence);
    AddOnlineOptions(save, *options);
    save->add_option("id", options->id, "Its id, or the first digits")->required();
    save->add_option("--out", options->file, "The file")->required();
    SetExamples(save, {"decentctl evidence export 9b2e --out lie.evidence"});
  }
  {
    const auto [verify, options] =
        add("verify", "Check one offline, from its bytes and the roster alone", VerifyEvidenceFile);
    AddTrustOptions(verify, *options);
    verify->add_option("file", options->file, "As 'evidence export' writes it")->required();
    verify->add_flag("--json", options->json, kJsonHelp);
    SetExamples(verify, {"decentctl evidence verify lie.evidence --roster roster.yaml",
                         "decentctl evidence verify lie.evidence --json"});
  }
}

}  // namespace decentd
