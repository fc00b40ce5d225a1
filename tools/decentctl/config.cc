// decentctl config show and check.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "node/config/files.h"
#include "node/config/node_check.h"
#include "node/config/node_config.h"
#include "node/config/text.h"
#include "tools/decentctl/commands.h"

namespace decentd {
namespace {

struct ConfigArguments {
  std::string directory = ".";
  std::string file;
  bool json = false;
};

absl::StatusOr<LoadedNodeConfig> Load(const ConfigArguments& arguments) {
  const std::string path =
      arguments.file.empty() ? RelativeTo(arguments.directory + "/", "node.yaml") : arguments.file;
  absl::StatusOr<LoadedNodeConfig> loaded = LoadNodeConfig(path);
  if (absl::IsNotFound(loaded.status())) {
    return absl::NotFoundError(
        Concat(MessageOf(loaded.status()),
               "; name the node's folder with --dir or the file with --config, or make one with "
               "'decentctl init'"));
  }
  return loaded;
}

ExitCode RunShow(const ConfigArguments& arguments, const Context& context) {
  const absl::StatusOr<LoadedNodeConfig> loaded = Load(arguments);
  if (!loaded.ok()) return context.Fail(loaded.status());
  std::vector<Setting> settings = loaded->settings;
  for (Setting& secret : SecretSettings(loaded->config, ProcessEnvironment())) {
    settings.push_back(std::move(secret));
  }
  if (arguments.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const Setting& setting : settings) {
      json[setting.path] = {{"value", setting.value}, {"origin", setting.origin}};
    }
    context.out << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                << "\n";
    return ExitCode::kOk;
  }
  size_t path_width = 0, value_width = 0;
  for (const Setting& setting : settings) {
    path_width = std::max(path_width, setting.path.size());
    value_width = std::max(value_width, std::min<size_t>(setting.value.size(), 40));
  }
  for (const Setting& setting : settings) {
    const std::string value = setting.value.empty() ? "-" : setting.value;
    const auto pad = [](const std::string& text, size_t width) {
      return std::string(text.size() < width ? width - text.size() : 0, ' ');
    };
    context.out << setting.path << pad(setting.path, path_width) << "  " << value
                << pad(value, value_width) << "  " << setting.origin << "\n";
  }
  return ExitCode::kOk;
}

ExitCode RunCheck(const ConfigArguments& arguments, const Context& context) {
  const absl::StatusOr<LoadedNodeConfig> loaded = Load(arguments);
  if (!loaded.ok()) return context.Fail(loaded.status());
  const NodeCheck check = CheckNode(loaded->config, ProcessEnvironment());
  if (arguments.json) {
    const nlohmann::json json = {
        {"ok", check.problems.empty()}, {"problems", check.problems}, {"warnings", check.warnings}};
    context.out << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    for (const std::string& warning : check.warnings) context.Warn(warning);
    for (const std::string& problem : check.problems) {
      context.Fail(ExitCode::kConfiguration, problem);
    }
    if (check.problems.empty()) {
      context.out << "The configuration, the key and the roster of " << loaded->config.name
                  << " fit together.\n";
    }
  }
  return check.problems.empty() ? ExitCode::kOk : ExitCode::kConfiguration;
}

}  // namespace

void AddConfigCommands(CLI::App& app, Context& context) {
  CLI::App* config = app.add_subcommand("config", "Show and check a node's configuration");
  config->require_subcommand(1);
  const auto arguments = std::make_shared<ConfigArguments>();
  const auto add = [&](const char* name, const char* description) {
    CLI::App* command = config->add_subcommand(name, description);
    CLI::Option* directory =
        command->add_option("--dir", arguments->directory, "Folder of the node, with node.yaml")
            ->capture_default_str();
    command->add_option("--config", arguments->file, "The configuration file")->excludes(directory);
    command->add_flag("--json", arguments->json, "As JSON");
    return command;
  };
  CLI::App* show = add("show", "Print every effective value and where it comes from");
  SetExamples(show, {"decentctl config show --dir alice",
                     "decentctl config show --config /etc/decentd/node.yaml --json"});
  SetAction(show, context, [arguments, &context] { return RunShow(*arguments, context); });

  CLI::App* check =
      add("check", "Check that a node's configuration, key, roster and secrets fit together");
  SetExamples(check, {"decentctl config check --dir alice"});
  SetAction(check, context, [arguments, &context] { return RunCheck(*arguments, context); });
}

}  // namespace decentd
