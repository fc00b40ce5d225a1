// decentctl drill: what liars could do to a council like the operator's, tried on a scratch one.
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "crypto/ed25519_signer.h"
#include "node/config/roster_file.h"
#include "node/config/text.h"
#include "node/core/limits.h"
#include "tools/cluster/find_program.h"
#include "tools/cluster/scratch_directory.h"
#include "tools/decentctl/drill/report.h"
#include "tools/decentctl/drill/run.h"
#include "tools/decentctl/node_files.h"
#include "tools/decentctl/online_commands.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd {
namespace {

using drill::Plan;

struct DrillArguments : NodeFiles {
  std::string attack;
  std::string question = "What is 17 * 23? Answer in one short sentence.";  // 391
  std::string lie = "The answer is 42.";
  std::optional<int> nodes, liars;
  int rounds = 1;
  std::string timeout, bin;
  bool json = false, keep = false;
};

std::atomic<bool> stop_asked{false};

// Ctrl-C ends the drill in order, so that daemons and files go with it.
class StopSignals {
 public:
  StopSignals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop_asked = true; };
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
  }
  ~StopSignals() {
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  static constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, 3> before_{};
};

absl::Status NeedModels(const NodeConfig& config, const Roster& roster) {
  const char* missing = nullptr;
  if (roster.panel_size(Phase::kAnswer) > 0 && !config.answer_model) missing = "models.answer";
  if (roster.panel_size(Phase::kSheet) > 0 && !config.judge_model) missing = "models.judge";
  if (missing == nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the honest nodes of a drill answer and judge with this node's models, and ",
                   missing, " is not configured; name with --config a node.yaml that has both"));
}

// Longer than a round within the roster's deadlines takes.
absl::Duration UntilBothDeadlines(const RosterParameters& parameters) {
  return absl::Milliseconds(uint64_t{parameters.answer.hard_ms} + parameters.sheet.hard_ms) +
         absl::Seconds(15);
}

absl::Status PlanLiars(const DrillArguments& arguments, const Roster& scratch, Plan* plan) {
  plan->order = drill::LiarsInOrder(scratch);
  plan->report.withstands = drill::Withstands(scratch, plan->order);
  const int least = std::min(plan->report.withstands + 1, scratch.n() - 1);
  plan->most_liars = arguments.liars.value_or(least);
  if (plan->most_liars >= least && plan->most_liars < scratch.n()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--liars: expected ", least, " to ", scratch.n() - 1,
                   ": one more than the roster promises to withstand, and one node honest"));
}

// INVALID_ARGUMENT is wrong usage, all else the configuration.
absl::StatusOr<Plan> MakePlan(const DrillArguments& arguments, const NodeConfig& config,
                              const Roster& real) {
  Plan plan;
  plan.rounds = arguments.rounds;
  plan.scratch.real = config;
  plan.scratch.parameters = real.parameters();
  for (const drill::AttackWords& words : drill::Attacks()) {
    if (words.name == arguments.attack) plan.scratch.attack = words.attack;
  }
  if (absl::Status lie = drill::CheckLie(arguments.lie); !lie.ok()) {
    return InvalidArgument("--lie: ", MessageOf(lie));
  }
  plan.scratch.lie = arguments.lie;
  if (Trim(arguments.question).empty() || !IsUtf8(arguments.question) ||
      arguments.question.size() > limits::kMaxQueryBytes / 2) {
    return InvalidArgument("--question: expected up to ", limits::kMaxQueryBytes / 2,
                           " bytes of UTF-8 text");
  }
  plan.timeout = UntilBothDeadlines(real.parameters());
  if (!arguments.timeout.empty()) {
    const absl::StatusOr<absl::Duration> timeout = ParseTimeout(arguments.timeout);
    if (!timeout.ok()) return InvalidArgument("--timeout: ", MessageOf(timeout.status()));
    plan.timeout = *timeout;
  }
  plan.scratch.nodes = drill::NodesLike(real, arguments.nodes.value_or(real.n()));
  std::vector<RosterNode> keyed = plan.scratch.nodes;
  for (RosterNode& node : keyed) node.key = NewEd25519Signer()->public_key();
  if (const std::string problem = Roster::Problem(keyed, real.parameters()); !problem.empty()) {
    return InvalidArgument("--nodes: this roster's parameters do not fit so many: ", problem);
  }
  const Roster scratch(1, keyed, real.parameters());
  plan.report.attack = plan.scratch.attack;
  plan.report.question = arguments.question;
  plan.report.parameters = real.parameters();
  plan.report.nodes = scratch.n();
  plan.report.f = scratch.f();
  plan.report.faulty_workers = scratch.panel_faulty(Phase::kAnswer);
  plan.report.faulty_evaluators = scratch.panel_faulty(Phase::kSheet);
  if (absl::Status status = PlanLiars(arguments, scratch, &plan); !status.ok()) return status;
  if (absl::Status status = NeedModels(config, scratch); !status.ok()) return status;
  return plan;
}

ExitCode FailOfDrill(const absl::Status& status, const Context& context) {
  if (absl::IsCancelled(status)) return context.Fail(ExitCode::kError, "stopped as asked");
  return context.Fail(ExitCode::kError, MessageOf(status));
}

ExitCode RunDrill(const DrillArguments& arguments, const Context& context) {
  const absl::StatusOr<NodeConfig> config = LoadNode(arguments);
  if (!config.ok()) return FailOfNode(config.status(), context);
  const absl::StatusOr<Roster> real = LoadRoster(config->roster);
  if (!real.ok()) return context.Fail(ExitCode::kConfiguration, MessageOf(real.status()));
  absl::StatusOr<Plan> plan = MakePlan(arguments, *config, *real);
  if (!plan.ok()) {
    return context.Fail(absl::IsInvalidArgument(plan.status()) ? ExitCode::kUsage
                                                               : ExitCode::kConfiguration,
                        MessageOf(plan.status()));
  }
  const auto honest = FindProgram("decentd", arguments.bin);
  if (!honest.ok()) return context.Fail(ExitCode::kError, MessageOf(honest.status()));
  const auto liar = FindProgram("decentd-drill", arguments.bin);
  if (!liar.ok()) return context.Fail(ExitCode::kError, MessageOf(liar.status()));
  plan->scratch.honest_program = *honest;
  plan->scratch.liar_program = *liar;

  const StopSignals signals;
  const auto directory = ScratchDirectory::Make("", "decentd-drill-", arguments.keep);
  if (!directory.ok()) return context.Fail(ExitCode::kError, MessageOf(directory.status()));
  context.err << "A council of its own on 127.0.0.1, with fresh keys, in " << (*directory)->path()
              << (arguments.keep ? ", which is kept\n" : "\n");
  if (arguments.keep) plan->report.directory = (*directory)->path();
  plan->directory = (*directory)->path();
  const absl::Status status = drill::Run(
      *plan, [&](const std::string& line) { context.err << line << std::endl; },
      [] { return stop_asked.load(); }, &plan->report);
  if (!status.ok()) return FailOfDrill(status, context);
  if (!arguments.json) context.err << std::endl;
  context.out << (arguments.json ? ToJson(plan->report) : ToTable(plan->report));
  return drill::Held(plan->report) ? ExitCode::kOk : ExitCode::kWinnerFell;
}

std::vector<std::string> AttackNames() {
  std::vector<std::string> names;
  for (const drill::AttackWords& words : drill::Attacks()) names.emplace_back(words.name);
  return names;
}

void AddOptions(CLI::App* command, DrillArguments& arguments) {
  AddNodeFiles(command, arguments);
  std::string what = "What the liars do.";
  for (const drill::AttackWords& words : drill::Attacks()) {
    Append(what, "\n", words.name, ": ", words.what);
  }
  command->add_option("--attack", arguments.attack, what)
      ->required()
      ->check(CLI::IsMember(AttackNames()));
  command->add_option("--question", arguments.question, "What the council is asked")
      ->capture_default_str();
  command->add_option("--lie", arguments.lie, "The wrong answer that liars want to win")
      ->capture_default_str();
  command->add_option("--nodes", arguments.nodes, "Nodes of the drill; default: the roster's")
      ->check(CLI::Range(1, static_cast<int>(limits::kMaxNodes)));
  command->add_option("--liars", arguments.liars,
                      "The most liars that are tried; default: one more than the roster promises "
                      "to withstand");
  command->add_option("--rounds", arguments.rounds, "Rounds for each number of liars")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->add_option("--timeout", arguments.timeout,
                      "How long a round may take, as 90s or 5m; default: until both of the "
                      "roster's hard deadlines are over");
  command->add_option("--bin", arguments.bin,
                      "Directory of decentd and decentd-drill; default: where decentctl is");
  command->add_flag("--json", arguments.json, "As JSON");
  command->add_flag("--keep", arguments.keep, "Keep the drill's files and logs, and say where");
}

}  // namespace

void AddDrillCommand(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<DrillArguments>();
  CLI::App* command = app.add_subcommand(
      "drill", "Try on a scratch council how many liars this node's models and roster withstand");
  AddOptions(command, *arguments);
  SetExamples(command,
              {"decentctl drill --dir alice --attack inflate",
               "decentctl drill --config /etc/decentd/node.yaml --attack inject --rounds 5",
               "decentctl drill --dir alice --attack silent --nodes 7 --timeout 2m --json",
               "decentctl drill --dir alice --attack fork --question \"What is the capital of "
               "Australia?\" --lie \"Sydney.\" --keep"});
  SetAction(command, context, [arguments, &context] { return RunDrill(*arguments, context); });
}

}  // namespace decentd
