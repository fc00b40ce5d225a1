// decentctl client init: the key and the configuration of someone who asks.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/keyfile.h"
#include "node/config/client_config.h"
#include "node/config/files.h"
#include "node/config/roster_file.h"
#include "node/config/text.h"
#include "node/config/units.h"
#include "tools/decentctl/commands.h"
#include "tools/decentctl/new_files.h"
#include "tools/decentctl/passphrase.h"

namespace decentd {
namespace {

constexpr const char* kKeyName = "client.key";
constexpr const char* kConfigName = "client.yaml";

struct ClientArguments {
  std::string directory;
  ClientConfig config;
  NewPassphrase passphrase;
};

// The file lies elsewhere than where the command runs, so the paths in it become absolute.
absl::Status MakeAbsolute(std::string& path) {
  if (path.empty()) return absl::OkStatus();
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return absl::InternalError(Concat("cannot find where ", path, " is"));
  path = absolute.lexically_normal().string();
  return absl::OkStatus();
}

absl::Status Prepare(ClientArguments& arguments) {
  ClientConfig& config = arguments.config;
  if (config.nodes.empty()) config.nodes = {ClientApiConfig{}.listen};
  for (const std::string& node : config.nodes) {
    const absl::Status address = ParseHostPort(node).status();
    if (!address.ok()) return InvalidArgument("--node: ", MessageOf(address));
  }
  if (!config.roster.empty()) {
    const absl::Status roster = LoadRoster(config.roster).status();
    if (!roster.ok()) return roster;
  }
  if (arguments.directory.empty()) {
    arguments.directory = UserConfigDirectory(ProcessEnvironment());
    if (arguments.directory.empty()) {
      return InvalidArgument("there is no home folder; name a folder with --dir");
    }
  }
  config.key = kKeyName;
  config.passphrase_file = arguments.passphrase.file;
  absl::Status status = MakeAbsolute(config.roster);
  if (status.ok()) status = MakeAbsolute(config.passphrase_file);
  if (status.ok()) status = MakeAbsolute(config.tls_authority);
  return status;
}

ExitCode RunInit(ClientArguments& arguments, const Context& context) {
  absl::Status status = Prepare(arguments);
  if (!status.ok()) return context.Fail(status);
  NewFiles files(arguments.directory);
  status = files.CheckAbsent({kKeyName, kConfigName});
  if (!status.ok()) return context.Fail(status);
  absl::StatusOr<std::string> passphrase = GetNewPassphrase(arguments.passphrase);
  if (!passphrase.ok()) return context.Fail(passphrase.status());
  const std::unique_ptr<Ed25519Identity> identity = NewEd25519Signer();
  status = files.MakeDirectory();
  if (status.ok()) {
    status = files.Made(kKeyName,
                        CreateKeyFile(files.PathOf(kKeyName), *identity, std::move(*passphrase)));
  }
  if (status.ok()) {
    status = files.Made(
        kConfigName, CreateFile(files.PathOf(kConfigName), RenderClientConfig(arguments.config)));
  }
  if (!status.ok()) return context.Fail(status);
  files.Keep();
  context.out << identity->public_key().Hex() << "\n";
  context.err << "\nMade " << files.PathOf(kKeyName) << " (secret) and "
              << files.PathOf(kConfigName)
              << ".\nNext: where a node restricts its clients, its operator adds the public key "
                 "above to\nclients.allowed_keys in node.yaml.\n";
  if (arguments.config.roster.empty()) {
    context.Warn(
        Concat("without a roster no proof can be authenticated; get roster.yaml from an "
               "operator you trust and name it in ",
               files.PathOf(kConfigName)));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddClientCommands(CLI::App& app, Context& context) {
  CLI::App* client = app.add_subcommand("client", "Set up who asks the council");
  client->require_subcommand(1);
  const auto arguments = std::make_shared<ClientArguments>();
  CLI::App* init = client->add_subcommand("init", "Make a client's key and client.yaml");
  init->add_option("--dir", arguments->directory,
                   "Folder, made if absent; default ~/.config/decentd");
  init->add_option("--node", arguments->config.nodes,
                   "Client address host:port of a node; may be repeated; default 127.0.0.1:8400")
      ->allow_extra_args(false);
  init->add_option("--roster", arguments->config.roster,
                   "The cluster's roster, from an operator you trust");
  init->add_flag("--tls", arguments->config.tls, "The nodes' client addresses speak TLS");
  AddNewPassphraseOptions(init, arguments->passphrase);
  init->footer(
      "Examples:\n"
      "  decentctl client init --node 127.0.0.1:8400 --roster roster.yaml\n"
      "  decentctl client init --dir ./me --node alice.example.org:8400 --tls\n\n"
      "Commands that ask nodes read the first of these that is there: the file of --config, of\n"
      "$DECENTD_CLIENT_CONFIG, ./client.yaml, ~/.config/decentd/client.yaml.\n");
  SetAction(init, context, [arguments, &context] { return RunInit(*arguments, context); });
}

}  // namespace decentd
