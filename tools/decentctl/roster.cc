// decentctl roster create, add, replace, remove and show: the file alone.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/config/card.h"
#include "node/config/files.h"
#include "node/config/roster_file.h"
#include "node/config/roster_words.h"
#include "node/config/text.h"
#include "tools/decentctl/commands.h"

namespace decentd {
namespace {

struct RosterArguments {
  std::string file = "roster.yaml";
  std::vector<std::string> cards;
  std::string cards_file;
  std::string out;  // of a change; empty: in place
  std::vector<std::string> names;
  bool json = false;
};

constexpr std::string_view kSpread =
    "\nNext: give this file to every operator and client. A node that does not run yet finds it at "
    "the path that its node.yaml names.\n";
constexpr std::string_view kSpreadChange =
    "\nNext: give this file to every operator. Each running node adopts it beside the present one "
    "(decentctl roster adopt); when enough have (decentctl roster status), clients get it too and "
    "the old one is retired (decentctl roster retire).\n";

absl::StatusOr<std::vector<RosterNode>> ReadCards(const RosterArguments& arguments) {
  std::vector<RosterNode> nodes;
  for (size_t i = 0; i < arguments.cards.size(); ++i) {
    absl::StatusOr<RosterNode> node = ParseCard(arguments.cards[i]);
    if (!node.ok()) {
      return InvalidArgument(MessageOf(node.status()), " (card number ", i + 1,
                             " of the command line)");
    }
    nodes.push_back(*std::move(node));
  }
  if (!arguments.cards_file.empty()) {
    const absl::StatusOr<std::string> text = ReadTextFile(arguments.cards_file);
    if (!text.ok()) return text.status();
    absl::StatusOr<std::vector<RosterNode>> more = ParseCards(*text);
    if (!more.ok()) {
      return InvalidArgument(arguments.cards_file, ": ", MessageOf(more.status()));
    }
    for (RosterNode& node : *more) nodes.push_back(std::move(node));
  }
  if (nodes.empty()) {
    return InvalidArgument(
        "no card was given; expected the lines that 'decentctl init' printed at each node, as "
        "arguments or in a file with --cards");
  }
  return nodes;
}

absl::Status CheckAddresses(const std::vector<RosterNode>& nodes) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      for (const std::string& address : nodes[i].addresses) {
        const auto& others = nodes[j].addresses;
        if (std::find(others.begin(), others.end(), address) != others.end()) {
          return InvalidArgument("the nodes ", nodes[j].name, " and ", nodes[i].name,
                                 " have the same address ", address, "; every node needs its own");
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Roster> MakeRoster(uint32_t epoch, std::vector<RosterNode> nodes,
                                  RosterParameters parameters) {
  const std::string problem = Roster::Problem(nodes, parameters);
  if (!problem.empty()) return absl::InvalidArgumentError(problem);
  const absl::Status addresses = CheckAddresses(nodes);
  if (!addresses.ok()) return addresses;
  return Roster(epoch, std::move(nodes), std::move(parameters));
}

ExitCode RunCreate(const RosterArguments& arguments, const Context& context) {
  absl::StatusOr<std::vector<RosterNode>> nodes = ReadCards(arguments);
  if (!nodes.ok()) return context.Fail(nodes.status());
  // By name, so that the same cards make the same cluster in whatever order they arrived.
  std::stable_sort(nodes->begin(), nodes->end(),
                   [](const RosterNode& a, const RosterNode& b) { return a.name < b.name; });
  const absl::StatusOr<Roster> roster = MakeRoster(1, *std::move(nodes), RosterParameters{});
  if (!roster.ok()) return context.Fail(roster.status());
  const absl::Status written = CreateFile(arguments.file, RenderRoster(*roster));
  if (absl::IsAlreadyExists(written)) {
    return context.Fail(ExitCode::kError,
                        Concat(MessageOf(written), "; use 'decentctl roster add', or --out"));
  }
  if (!written.ok()) return context.Fail(written);
  context.out << RosterInWords(*roster);
  context.err << "\nMade " << arguments.file
              << ". Read its parameters and change what does not suit before you spread it: later\n"
                 "changes make another cluster."
              << kSpread;
  return ExitCode::kOk;
}

// Writes the roster that `change` makes of the nodes, with the next epoch.
template <class Change>
ExitCode RunChange(const RosterArguments& arguments, const Context& context, Change change) {
  const absl::StatusOr<Roster> before = LoadRoster(arguments.file);
  if (!before.ok()) return context.Fail(before.status());
  if (before->epoch() == UINT32_MAX) {
    return context.Fail(ExitCode::kConfiguration, "the epoch cannot be raised any further");
  }
  std::vector<RosterNode> nodes = before->nodes();
  const absl::Status changed = change(nodes);
  if (!changed.ok()) return context.Fail(changed);
  const absl::StatusOr<Roster> after =
      MakeRoster(before->epoch() + 1, std::move(nodes), before->parameters());
  if (!after.ok()) return context.Fail(after.status());
  const absl::Status written = arguments.out.empty()
                                   ? ReplaceFile(arguments.file, RenderRoster(*after))
                                   : CreateFile(arguments.out, RenderRoster(*after));
  if (!written.ok()) return context.Fail(written);
  context.out << RosterInWords(*after);
  context.err << kSpreadChange;
  return ExitCode::kOk;
}

absl::Status NoSuchNode(const std::string& name, const std::vector<RosterNode>& nodes,
                        const std::string& file) {
  std::vector<std::string> names;
  for (const RosterNode& node : nodes) names.push_back(node.name);
  return InvalidArgument("there is no node '", name, "' in ", file, "; its nodes are ",
                         Join(names, ", "));
}

ExitCode RunAdd(const RosterArguments& arguments, const Context& context) {
  return RunChange(arguments, context, [&](std::vector<RosterNode>& nodes) -> absl::Status {
    absl::StatusOr<std::vector<RosterNode>> more = ReadCards(arguments);
    if (!more.ok()) return more.status();
    for (RosterNode& node : *more) nodes.push_back(std::move(node));
    return absl::OkStatus();
  });
}

// Each card takes the place of the node of its name: a new key, new addresses, or another model.
ExitCode RunReplace(const RosterArguments& arguments, const Context& context) {
  return RunChange(arguments, context, [&](std::vector<RosterNode>& nodes) -> absl::Status {
    absl::StatusOr<std::vector<RosterNode>> cards = ReadCards(arguments);
    if (!cards.ok()) return cards.status();
    for (RosterNode& card : *cards) {
      const auto found = std::ranges::find(nodes, card.name, &RosterNode::name);
      if (found == nodes.end()) return NoSuchNode(card.name, nodes, arguments.file);
      *found = std::move(card);
    }
    return absl::OkStatus();
  });
}

ExitCode RunRemove(const RosterArguments& arguments, const Context& context) {
  return RunChange(arguments, context, [&](std::vector<RosterNode>& nodes) -> absl::Status {
    for (const std::string& name : arguments.names) {
      const auto found = std::ranges::find(nodes, name, &RosterNode::name);
      if (found == nodes.end()) return NoSuchNode(name, nodes, arguments.file);
      nodes.erase(found);
    }
    return absl::OkStatus();
  });
}

ExitCode RunShow(const RosterArguments& arguments, const Context& context) {
  const absl::StatusOr<Roster> roster = LoadRoster(arguments.file);
  if (!roster.ok()) return context.Fail(roster.status());
  context.out << (arguments.json ? RosterInJson(*roster) : RosterInWords(*roster));
  return ExitCode::kOk;
}

void AddCardOptions(CLI::App* command, RosterArguments& arguments) {
  command->add_option("CARD", arguments.cards, "Cards, as 'decentctl init' printed them");
  command->add_option("--cards", arguments.cards_file, "A file of cards, one a line");
}

void AddRosterOption(CLI::App* command, RosterArguments& arguments) {
  command->add_option("--roster", arguments.file, "The roster")->capture_default_str();
}

void AddChangeOptions(CLI::App* command, RosterArguments& arguments) {
  AddRosterOption(command, arguments);
  command->add_option("--out", arguments.out, "A file to make instead of changing the roster's");
}

}  // namespace

void AddRosterCommands(CLI::App& app, Context& context) {
  CLI::App* roster = app.add_subcommand("roster", "Make, change and explain a cluster's roster");
  roster->require_subcommand(1);
  const auto arguments = std::make_shared<RosterArguments>();

  CLI::App* create = roster->add_subcommand("create", "Make a roster from the nodes' cards");
  create->add_option("--out", arguments->file, "The file to make")->capture_default_str();
  AddCardOptions(create, *arguments);
  SetExamples(create, {"decentctl roster create --out roster.yaml \"$ALICE\" \"$BOB\" \"$CAROL\" "
                       "\"$DAVE\"",
                       "decentctl roster create --cards cards.txt"});
  SetAction(create, context, [arguments, &context] { return RunCreate(*arguments, context); });

  CLI::App* add = roster->add_subcommand(
      "add", "Add nodes and raise the epoch; comments of your own are not kept");
  AddChangeOptions(add, *arguments);
  AddCardOptions(add, *arguments);
  SetExamples(add, {"decentctl roster add --roster roster.yaml --out next.yaml \"$ERIN\""});
  SetAction(add, context, [arguments, &context] { return RunAdd(*arguments, context); });

  CLI::App* replace = roster->add_subcommand(
      "replace", "Put cards in the place of nodes of their names, for a new key, and raise the epoch");
  AddChangeOptions(replace, *arguments);
  AddCardOptions(replace, *arguments);
  SetExamples(replace, {"decentctl roster replace --out next.yaml \"$DAVES_NEW_CARD\""});
  SetAction(replace, context, [arguments, &context] { return RunReplace(*arguments, context); });

  CLI::App* remove = roster->add_subcommand(
      "remove", "Remove nodes and raise the epoch; comments of your own are not kept");
  AddChangeOptions(remove, *arguments);
  remove->add_option("NAME", arguments->names, "Names of the nodes")->required();
  SetExamples(remove, {"decentctl roster remove --out next.yaml dave"});
  SetAction(remove, context, [arguments, &context] { return RunRemove(*arguments, context); });

  CLI::App* show =
      roster->add_subcommand("show", "Say in words what a roster means and what it survives");
  AddRosterOption(show, *arguments);
  show->add_flag("--json", arguments->json, "As JSON");
  SetExamples(show, {"decentctl roster show", "decentctl roster show --json | jq .cluster_id"});
  SetAction(show, context, [arguments, &context] { return RunShow(*arguments, context); });
}

}  // namespace decentd
