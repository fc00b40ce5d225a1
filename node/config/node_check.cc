#include "node/config/node_check.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "crypto/keyfile.h"
#include "crypto/secret_bytes.h"
#include "node/config/files.h"
#include "node/config/roster_file.h"
#include "node/config/text.h"
#include "node/config/units.h"

namespace decentd {
namespace {

class Checker {
 public:
  Checker(const NodeConfig& config, const Environment& environment)
      : config_(config), environment_(environment) {}

  NodeCheck Run() {
    const std::optional<KeyFileInfo> key = CheckKey();
    const absl::StatusOr<Roster> roster = LoadRoster(config_.roster);
    if (absl::IsNotFound(roster.status())) {
      Problem(MessageOf(roster.status()),
              "; make one with 'decentctl roster create', or get it from who did");
    } else if (!roster.ok()) {
      Problem(MessageOf(roster.status()));
    } else {
      CheckMembership(*roster, key);
    }
    CheckServerFiles();
    if (config_.answer_model) CheckModel("models.answer", *config_.answer_model);
    if (config_.judge_model) {
      CheckModel("models.judge", config_.judge_model->backend);
      CheckFolder("models.judge.prompts", config_.judge_model->prompt_directory);
    }
    return std::move(found_);
  }

 private:
  template <class... Parts>
  void Problem(const Parts&... parts) {
    found_.problems.push_back(Concat(parts...));
  }
  template <class... Parts>
  void Warn(const Parts&... parts) {
    found_.warnings.push_back(Concat(parts...));
  }

  std::optional<KeyFileInfo> CheckKey() {
    const absl::StatusOr<KeyFileInfo> key = ReadKeyFileInfo(config_.identity_key);
    if (!key.ok()) {
      Problem(MessageOf(key.status()));
      return std::nullopt;
    }
    if (key->encrypted && config_.passphrase_file.empty()) {
      Warn("the key ", config_.identity_key,
           " is encrypted and passphrase_file is not set: the node can only start at a terminal");
    } else if (key->encrypted) {
      CheckSecret(config_.passphrase_file);
    }
    return *key;
  }

  void CheckMembership(const Roster& roster, const std::optional<KeyFileInfo>& key) {
    const std::optional<NodeIndex> index = roster.FindName(config_.name);
    if (!index) {
      Problem("there is no node '", config_.name, "' in ", config_.roster,
              "; send its card ('decentctl card') to whoever makes the roster");
      return;
    }
    const RosterNode& node = roster.node(*index);
    if (key && key->public_key != node.key) {
      Problem("the roster gives '", config_.name, "' the key ", node.key.Hex(), ", but ",
              config_.identity_key, " holds ", key->public_key.Hex(),
              "; use the key of its card, or put the new card into the roster");
    }
    CheckRole("worker", "models.answer", node.worker, config_.answer_model.has_value());
    CheckRole("evaluator", "models.judge", node.evaluator, config_.judge_model.has_value());
    if (config_.answer_model && node.worker) {
      CheckTimeout("models.answer", *config_.answer_model, roster.parameters().answer);
    }
    if (config_.judge_model && node.evaluator) {
      CheckTimeout("models.judge", config_.judge_model->backend, roster.parameters().sheet);
    }
  }

  void CheckRole(std::string_view role, std::string_view section, bool has_role, bool has_model) {
    if (has_role && !has_model) {
      Warn("the roster makes '", config_.name, "' a", role == "evaluator" ? "n " : " ", role,
           ", but ", section, " is not configured: it will abstain in every round");
    } else if (!has_role && has_model) {
      Warn(section, " is configured, but the roster does not make '", config_.name, "' a",
           role == "evaluator" ? "n " : " ", role, ": the model is never asked");
    }
  }

  void CheckTimeout(std::string_view section, const ModelBackend& backend,
                    const PhaseDeadlines& deadlines) {
    const auto* openai = std::get_if<OpenAiBackend>(&backend);
    const auto* exec = std::get_if<ExecBackend>(&backend);
    if (openai == nullptr && exec == nullptr) return;
    const uint32_t timeout = openai != nullptr ? openai->timeout_ms : exec->timeout_ms;
    if (timeout < deadlines.soft_ms) return;
    Warn(section, ".timeout (", FormatDuration(timeout),
         ") is not below the roster's soft deadline (", FormatDuration(deadlines.soft_ms),
         "): the others may stop waiting before the model gives up");
  }

  void CheckServerFiles() {
    if (!config_.clients.tls_key.empty()) {
      CheckReadable(config_.clients.tls_certificate);
      CheckReadable(config_.clients.tls_key);
    }
    const auto keys = GatewayApiKeys(config_.gateway, environment_);
    if (!keys.ok()) return Problem("gateway.api_keys: ", MessageOf(keys.status()));
    if (keys->size() < 2) return;
    const uint32_t connections = config_.gateway.connections;
    for (const GatewayApiKey& key : *keys) {
      const uint32_t at_once = key.limits.requests_at_once;
      if (at_once != 0 && at_once < connections) continue;
      return Warn("gateway.requests_at_once: one API key may take all ", connections,
                  " connections and keep the other keys out; set it to less than connections");
    }
  }

  void CheckModel(std::string_view section, const ModelBackend& backend) {
    if (const auto* openai = std::get_if<OpenAiBackend>(&backend)) {
      absl::StatusOr<std::string> key = ResolveApiKey(*openai, environment_);
      if (!openai->tls_authority.empty()) CheckReadable(openai->tls_authority);
      if (!key.ok()) {
        Problem(section, ": ", MessageOf(key.status()));
      } else {
        WipeString(*key);
      }
    } else if (const auto* exec = std::get_if<ExecBackend>(&backend)) {
      const std::string& program = exec->command.front();
      const bool is_path = program.find('/') != std::string::npos;  // else looked up in PATH
      if (is_path && access(program.c_str(), X_OK) != 0) {
        Problem(section, ".command: cannot run ", program, ": ", strerror(errno));
      }
    } else {
      CheckReadable(std::get<ScriptedBackend>(backend).file);
    }
  }

  void CheckReadable(const std::string& path) {
    if (access(path.c_str(), R_OK) != 0) Problem("cannot read ", path, ": ", strerror(errno));
  }

  void CheckFolder(std::string_view key, const std::string& path) {
    std::error_code ignored;
    if (!path.empty() && !std::filesystem::is_directory(path, ignored)) {
      Problem(key, ": ", path, " is not a folder");
    }
  }

  void CheckSecret(const std::string& path) {
    absl::StatusOr<std::string> secret = ReadSecretFile(path);
    if (!secret.ok()) {
      Problem(MessageOf(secret.status()));
    } else {
      WipeString(*secret);
    }
  }

  const NodeConfig& config_;
  const Environment& environment_;
  NodeCheck found_;
};

}  // namespace

NodeCheck CheckNode(const NodeConfig& config, const Environment& environment) {
  return Checker(config, environment).Run();
}

}  // namespace decentd
