// decentctl init and card: a node's folder with its key, its configuration and its card.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/keyfile.h"
#include "node/config/card.h"
#include "node/config/files.h"
#include "node/config/node_template.h"
#include "node/config/text.h"
#include "node/config/units.h"
#include "tools/decentctl/commands.h"
#include "tools/decentctl/new_files.h"
#include "tools/decentctl/passphrase.h"

namespace decentd {
namespace {

constexpr const char* kKeyName = "identity.key";
constexpr const char* kConfigName = "node.yaml";
constexpr const char* kCardName = "node.card";
constexpr uint32_t kClientPortDistance = 1000;

struct InitArguments {
  std::string directory = ".";
  RosterNode node;
  std::vector<std::string> roles = {"worker", "evaluator"};
  std::string listen, client_listen, gateway;
  std::string data = "data";
  NewPassphrase passphrase;
};

// Fills the listen addresses that were not given from the first address of the node.
absl::Status ChooseListen(InitArguments& arguments) {
  const absl::StatusOr<HostPort> first = ParseHostPort(arguments.node.addresses.front());
  if (!first.ok()) return first.status();
  if (arguments.listen.empty()) arguments.listen = Concat("0.0.0.0:", first->port);
  if (arguments.client_listen.empty()) {
    const uint32_t port = first->port + kClientPortDistance;
    if (port > 65535) {
      return InvalidArgument("there is no port ", port,
                             " for clients; name one with --client-listen 127.0.0.1:PORT");
    }
    arguments.client_listen = Concat("127.0.0.1:", port);
  }
  absl::StatusOr<HostPort> peers = ParseHostPort(arguments.listen, /*allow_any_port=*/true);
  if (!peers.ok()) return InvalidArgument("--listen: ", MessageOf(peers.status()));
  absl::StatusOr<HostPort> clients = ParseHostPort(arguments.client_listen, true);
  if (!clients.ok()) return InvalidArgument("--client-listen: ", MessageOf(clients.status()));
  if (!IsLoopback(clients->host)) {
    return InvalidArgument("--client-listen: other machines reach ", arguments.client_listen,
                           ", which needs TLS; use 127.0.0.1 now and give certificate and key in ",
                           kConfigName, " afterwards");
  }
  if (arguments.gateway.empty()) return absl::OkStatus();
  const absl::StatusOr<HostPort> gateway = ParseHostPort(arguments.gateway, true);
  if (!gateway.ok()) return InvalidArgument("--gateway: ", MessageOf(gateway.status()));
  if (!IsLoopback(gateway->host)) {
    return InvalidArgument("--gateway: other machines reach ", arguments.gateway,
                           ", which needs API keys; use 127.0.0.1 now and see the section gateway "
                           "in ",
                           kConfigName, " afterwards");
  }
  return absl::OkStatus();
}

absl::Status Prepare(InitArguments& arguments) {
  RosterNode& node = arguments.node;
  node.worker = node.evaluator = false;
  for (const std::string& role : arguments.roles) {
    if (role == "worker") {
      node.worker = true;
    } else if (role == "evaluator") {
      node.evaluator = true;
    } else {
      return InvalidArgument("--roles: expected worker, evaluator or worker,evaluator; found '",
                             role, "'");
    }
  }
  if (arguments.data.empty()) return InvalidArgument("--data: expected a folder");
  absl::Status status = CheckNodeFields(node);
  if (status.ok()) status = ChooseListen(arguments);
  return status;
}

std::string CardFile(const RosterNode& node, const std::string& card) {
  return Concat("# The card of ", node.name,
                ". Send the line below to whoever makes the roster; it holds no secret.\n", card,
                "\n");
}

ExitCode RunInit(InitArguments& arguments, const Context& context) {
  absl::Status status = Prepare(arguments);
  if (!status.ok()) return context.Fail(ExitCode::kUsage, MessageOf(status));
  NewFiles files(arguments.directory);
  const std::string key_path = files.PathOf(kKeyName), config_path = files.PathOf(kConfigName),
                    card_path = files.PathOf(kCardName);
  status = files.CheckAbsent({kKeyName, kConfigName, kCardName});
  if (!status.ok()) return context.Fail(status);
  absl::StatusOr<std::string> passphrase = GetNewPassphrase(arguments.passphrase);
  if (!passphrase.ok()) return context.Fail(passphrase.status());

  const bool encrypted = !passphrase->empty();
  const std::unique_ptr<Ed25519Identity> identity = NewEd25519Signer();
  const absl::StatusOr<std::string> card = EncodeCard(arguments.node, *identity);
  if (!card.ok()) return context.Fail(card.status());
  status = files.MakeDirectory();
  if (status.ok()) {
    status = files.Made(kKeyName, CreateKeyFile(key_path, *identity, std::move(*passphrase)));
  }
  const NodeTemplate values{.name = arguments.node.name,
                            .peers_listen = arguments.listen,
                            .client_listen = arguments.client_listen,
                            .gateway_listen = arguments.gateway,
                            .worker = arguments.node.worker,
                            .evaluator = arguments.node.evaluator,
                            .encrypted_key = encrypted,
                            .data_directory = arguments.data};
  if (status.ok()) {
    status = files.Made(kConfigName, CreateFile(config_path, RenderNodeConfig(values)));
  }
  if (status.ok()) {
    status = files.Made(kCardName, CreateFile(card_path, CardFile(arguments.node, *card)));
  }
  if (!status.ok()) return context.Fail(status);
  files.Keep();

  context.out << *card << "\n";
  context.err << "\nMade " << key_path << " (secret, keep a copy apart), " << config_path << " and "
              << card_path << ".\n"
              << "Next: send the card above to whoever makes the roster ('decentctl roster create "
                 "CARD...'),\nset the model in "
              << config_path << ", put the finished roster.yaml beside it and check:\n"
              << "  decentctl config check --dir " << arguments.directory << "\n";
  return ExitCode::kOk;
}

ExitCode RunCard(const std::string& directory, const Context& context) {
  const std::string card_path = RelativeTo(directory + "/", kCardName);
  const std::string key_path = RelativeTo(directory + "/", kKeyName);
  const absl::StatusOr<std::string> text = ReadTextFile(card_path);
  if (!text.ok()) {
    return context.Fail(
        ExitCode::kConfiguration,
        Concat(MessageOf(text.status()),
               "; name the node's folder with --dir, or make one with 'decentctl init'"));
  }
  const absl::StatusOr<std::vector<RosterNode>> nodes = ParseCards(*text);
  if (!nodes.ok()) {
    return context.Fail(ExitCode::kConfiguration,
                        Concat(card_path, ": ", MessageOf(nodes.status())));
  }
  const absl::StatusOr<KeyFileInfo> key = ReadKeyFileInfo(key_path);
  if (!key.ok()) return context.Fail(key.status());
  if (nodes->size() != 1 || nodes->front().key != key->public_key) {
    return context.Fail(ExitCode::kConfiguration,
                        Concat(card_path, " is not the card of ", key_path,
                               "; restore the two from the same copy"));
  }
  for (std::string_view line : Split(*text, '\n')) {
    if (!Trim(line).empty() && !Trim(line).starts_with("#")) context.out << Trim(line) << "\n";
  }
  return ExitCode::kOk;
}

void AddInit(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<InitArguments>();
  CLI::App* init = app.add_subcommand("init", "Make a node's key, configuration and card");
  init->add_option("--dir", arguments->directory, "Folder of the node, made if absent")
      ->capture_default_str();
  init->add_option("--data", arguments->data,
                   "Folder of its database, which the daemon makes; from --dir, or absolute")
      ->capture_default_str();
  init->add_option("--name", arguments->node.name, "Name of the node, such as alice")->required();
  init->add_option("--address", arguments->node.addresses,
                   "host:port at which other nodes reach it; may be repeated")
      ->required()
      ->allow_extra_args(false);
  init->add_option("--roles", arguments->roles, "worker, evaluator or worker,evaluator")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  init->add_option("--owner", arguments->node.owner, "Who runs it, for the roster");
  init->add_option("--family", arguments->node.model_family, "Family of its model, for the roster");
  init->add_option("--listen", arguments->listen,
                   "Where it listens for nodes; default 0.0.0.0 and the port of the address");
  init->add_option("--client-listen", arguments->client_listen,
                   "Where it listens for clients; default 127.0.0.1 and that port + 1000");
  init->add_option(
      "--gateway", arguments->gateway,
      "Serve OpenAI's API and the dashboard there, such as 127.0.0.1:8480; default: off");
  AddNewPassphraseOptions(init, arguments->passphrase);
  SetExamples(init, {"decentctl init --dir alice --name alice --address alice.example.org:7400",
                     "decentctl init --dir judge --name judge --address 10.0.0.5:7400 "
                     "--roles evaluator --owner acme --passphrase",
                     "decentctl init --dir /etc/decentd --data /var/lib/decentd --name alice "
                     "--address alice.example.org:7400"});
  SetAction(init, context, [arguments, &context] { return RunInit(*arguments, context); });
}

}  // namespace

void AddInitCommands(CLI::App& app, Context& context) {
  AddInit(app, context);
  const auto directory = std::make_shared<std::string>(".");
  CLI::App* card = app.add_subcommand("card", "Print a node's card again");
  card->add_option("--dir", *directory, "Folder of the node")->capture_default_str();
  SetExamples(card, {"decentctl card --dir alice"});
  SetAction(card, context, [directory, &context] { return RunCard(*directory, context); });
}

}  // namespace decentd
