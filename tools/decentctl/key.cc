// decentctl key show and passphrase.
#include <memory>
#include <string>
#include <utility>

#include "crypto/keyfile.h"
#include "crypto/secret_bytes.h"
#include "nlohmann/json.hpp"
#include "node/config/files.h"
#include "tools/decentctl/commands.h"
#include "tools/decentctl/passphrase.h"

namespace decentd {
namespace {

struct KeyArguments {
  std::string file;
  std::string old_passphrase_file, new_passphrase_file;
  bool remove = false;
  bool json = false;
};

ExitCode RunShow(const KeyArguments& arguments, const Context& context) {
  const absl::StatusOr<KeyFileInfo> info = ReadKeyFileInfo(arguments.file);
  if (!info.ok()) return context.Fail(info.status());
  if (arguments.json) {
    const nlohmann::json json = {{"public_key", info->public_key.Hex()},
                                 {"encrypted", info->encrypted}};
    context.out << json.dump(2) << "\n";
  } else {
    context.out << info->public_key.Hex() << "\n";
  }
  return ExitCode::kOk;
}

ExitCode RunPassphrase(const KeyArguments& arguments, const Context& context) {
  absl::StatusOr<std::string> before =
      GetPassphraseOf(arguments.file, arguments.old_passphrase_file);
  if (!before.ok()) return context.Fail(before.status());
  absl::StatusOr<std::string> after = std::string();
  if (!arguments.remove) after = GetNewPassphrase({arguments.new_passphrase_file, true});
  if (!after.ok()) {
    WipeString(*before);
    return context.Fail(after.status());
  }
  const absl::Status changed =
      ChangePassphrase(arguments.file, std::move(*before), std::move(*after));
  if (!changed.ok()) return context.Fail(changed);
  context.err << arguments.file
              << (arguments.remove ? " has no passphrase now.\n" : " has a new passphrase.\n");
  return ExitCode::kOk;
}

}  // namespace

void AddKeyCommands(CLI::App& app, Context& context) {
  CLI::App* key = app.add_subcommand("key", "Show a key file or change its passphrase");
  key->require_subcommand(1);
  const auto arguments = std::make_shared<KeyArguments>();

  CLI::App* show = key->add_subcommand("show", "Print the public key of a key file");
  show->add_option("FILE", arguments->file, "identity.key of a node or client.key")->required();
  show->add_flag("--json", arguments->json, "As JSON, and whether the file is encrypted");
  SetExamples(show, {"decentctl key show alice/identity.key"});
  SetAction(show, context, [arguments, &context] { return RunShow(*arguments, context); });

  CLI::App* passphrase = key->add_subcommand(
      "passphrase",
      "Set, change or remove the passphrase of a key file; asks where no file is given");
  passphrase->add_option("FILE", arguments->file, "identity.key of a node or client.key")
      ->required();
  passphrase->add_option("--old-passphrase-file", arguments->old_passphrase_file,
                         "File with the present passphrase (mode 0600)");
  CLI::Option* new_file =
      passphrase->add_option("--new-passphrase-file", arguments->new_passphrase_file,
                             "File with the new passphrase (mode 0600)");
  passphrase->add_flag("--remove", arguments->remove, "Leave the key without a passphrase")
      ->excludes(new_file);
  SetExamples(passphrase, {"decentctl key passphrase alice/identity.key",
                           "decentctl key passphrase alice/identity.key --remove"});
  SetAction(passphrase, context,
            [arguments, &context] { return RunPassphrase(*arguments, context); });
}

}  // namespace decentd
