#include "node/config/roster_file.h"

#include <array>
#include <limits>
#include <map>
#include <set>

#include "node/config/card.h"
#include "node/config/files.h"
#include "node/config/text.h"
#include "node/config/units.h"
#include "node/config/yaml_document.h"
#include "node/config/yaml_reader.h"

namespace decentd {
namespace {

constexpr uint64_t kMaxWait = 24ull * 60 * 60 * 1000;  // one day: any model is done by then

const std::vector<std::string_view>& RuleWords() {
  static const auto* words = [] {
    auto* found = new std::vector<std::string_view>;
    static std::vector<std::string> names;
    for (int i = 1; i < 256 && !RuleName(static_cast<Rule>(i)).empty(); ++i) {
      names.push_back(RuleName(static_cast<Rule>(i)));
    }
    found->assign(names.begin(), names.end());
    return found;
  }();
  return *words;
}

// Nodes are read one by one; what must be distinct is remembered with where it stood.
class NodesReader {
 public:
  explicit NodesReader(ReadReport& report) : report_(report) {}

  RosterNode Read(const YamlValue& value, size_t index) {
    RosterNode node;
    if (value.type != YamlValue::Type::kMap) {
      report_.Problem(value, "expected a node: name, key, addresses and roles");
      return node;
    }
    MapReader reader(&value, Concat("nodes[", index, "]"), report_);
    reader.String("name", node.name, Need::kRequired);
    CheckText(reader, "name", CheckNodeName(node.name));
    Distinct(reader.ValueOf("name"), "name", node.name);
    ReadKey(reader, node);
    ReadAddresses(reader, node);
    ReadRoles(reader, node);
    reader.String("owner", node.owner, Need::kOptional);
    CheckText(reader, "owner", CheckLabel(node.owner));
    reader.String("family", node.model_family, Need::kOptional);
    CheckText(reader, "family", CheckLabel(node.model_family));
    reader.Finish();
    return node;
  }

 private:
  static void CheckText(MapReader& reader, std::string_view key, const absl::Status& status) {
    const YamlValue* value = reader.ValueOf(key);
    if (!status.ok() && value != nullptr && value->type == YamlValue::Type::kScalar &&
        !value->text.empty()) {
      reader.ProblemAt(key, MessageOf(status));
    }
  }

  void ReadKey(MapReader& reader, RosterNode& node) {
    std::string hex;
    reader.String("key", hex, Need::kRequired);
    if (hex.empty()) return;
    if (const std::optional<PublicKey> key = PublicKey::FromHex(hex)) {
      node.key = *key;
      Distinct(reader.ValueOf("key"), "key", key->Hex());
    } else {
      reader.ProblemAt("key", Concat("expected an Ed25519 public key of 64 hexadecimal digits, "
                                     "found ",
                                     hex.size(), " characters"));
    }
  }

  void ReadAddresses(MapReader& reader, RosterNode& node) {
    reader.Strings("addresses", node.addresses, Need::kRequired);
    const YamlValue* list = reader.ValueOf("addresses");
    if (list == nullptr || node.addresses.size() != list->items.size()) return;
    for (const YamlValue& item : list->items) {
      const absl::StatusOr<HostPort> address = ParseHostPort(item.text);
      if (!address.ok()) {
        report_.Problem(item,
                        Concat(reader.PathOf("addresses"), ": ", MessageOf(address.status())));
      } else {
        Distinct(&item, "address", FormatHostPort(*address));
      }
    }
  }

  void ReadRoles(MapReader& reader, RosterNode& node) {
    std::vector<std::string> roles;
    reader.Strings("roles", roles, Need::kRequired);
    if (roles.empty()) return;
    node.worker = node.evaluator = false;
    for (const YamlValue& item : reader.ValueOf("roles")->items) {
      bool* role = item.text == "worker"      ? &node.worker
                   : item.text == "evaluator" ? &node.evaluator
                                              : nullptr;
      if (role == nullptr) {
        report_.Problem(item, Concat(reader.PathOf("roles"),
                                     ": expected worker or evaluator, found '", item.text, "'"));
      } else if (*role) {
        report_.Problem(item, Concat(reader.PathOf("roles"), ": ", item.text, " is given twice"));
      } else {
        *role = true;
      }
    }
  }

  void Distinct(const YamlValue* at, std::string_view what, const std::string& text) {
    if (at == nullptr || text.empty()) return;
    const auto [earlier, fresh] = seen_.emplace(std::pair(std::string(what), text), at->line);
    if (fresh) return;
    report_.Problem(*at, Concat("the ", what, " ", text, " was given before, in line ",
                                earlier->second, "; every node needs its own"));
  }

  ReadReport& report_;
  std::map<std::pair<std::string, std::string>, int> seen_;
};

void ReadDeadlines(MapReader& parameters, std::string_view phase, PhaseDeadlines& out) {
  MapReader reader = parameters.Map(phase, Need::kRequired);
  reader.Duration("soft", out.soft_ms, 1, kMaxWait, Need::kRequired);
  reader.Duration("hard", out.hard_ms, 1, kMaxWait, Need::kRequired);
  reader.Duration("min_soft", out.min_soft_ms, 1, kMaxWait, Need::kRequired);
  reader.Duration("min_hard", out.min_hard_ms, 1, kMaxWait, Need::kRequired);
  reader.Finish();
  if (reader.value() == nullptr || !reader.report().ok()) return;
  if (out.hard_ms <= out.soft_ms) {
    reader.ProblemAt("hard",
                     Concat("must be longer than soft (", FormatDuration(out.soft_ms), ")"));
  }
  if (out.soft_ms < out.min_soft_ms) {
    reader.ProblemAt("soft",
                     Concat("must not be below min_soft (", FormatDuration(out.min_soft_ms), ")"));
  }
  if (out.hard_ms < out.min_hard_ms) {
    reader.ProblemAt("hard",
                     Concat("must not be below min_hard (", FormatDuration(out.min_hard_ms), ")"));
  }
}

// -1 stands for the default of the SPEC.
void ReadFaulty(MapReader& reader, std::string_view key, int& out) {
  std::optional<int64_t> number;
  reader.OptionalNumber(key, number, 0, limits::kMaxNodes, "default");
  if (number) out = static_cast<int>(*number);
}

RosterParameters ReadParameters(MapReader& reader) {
  RosterParameters p;
  if (const auto rule = reader.Word("rule", RuleWords(), RuleName(p.rule), Need::kRequired)) {
    p.rule = *RuleFromName(*rule);
  }
  reader.Strings("criteria", p.criteria, Need::kRequired);
  ReadDeadlines(reader, "answer", p.answer);
  ReadDeadlines(reader, "sheet", p.sheet);
  reader.Duration("absent_after", p.absent_after_ms, 1, kMaxWait, Need::kRequired);
  reader.Duration("hint_base", p.hint_base_ms, 1, kMaxWait, Need::kRequired);
  reader.Duration("longest_lifetime", p.longest_lifetime_ms, 1, limits::kMaxLifetimeMs,
                  Need::kRequired);
  reader.Number("rounds_per_sponsor", p.rounds_per_sponsor, 1, 1'000'000, Need::kRequired);
  ReadFaulty(reader, "faulty_workers", p.faulty_workers);
  ReadFaulty(reader, "faulty_evaluators", p.faulty_evaluators);
  reader.Bool("drop_same_owner", p.drop_same_owner, Need::kOptional);
  reader.Bool("drop_same_family", p.drop_same_family, Need::kOptional);
  reader.Finish();
  return p;
}

std::string RenderDeadlines(std::string_view name, const PhaseDeadlines& d) {
  return Concat("  ", name, ": {soft: ", FormatDuration(d.soft_ms),
                ", hard: ", FormatDuration(d.hard_ms),
                ", min_soft: ", FormatDuration(d.min_soft_ms),
                ", min_hard: ", FormatDuration(d.min_hard_ms), "}\n");
}

std::string RenderFaulty(std::string_view key, int value) {
  if (value < 0) return Concat("  # ", key, ": 1\n");
  return Concat("  ", key, ": ", value, "\n");
}

std::string RenderList(const std::vector<std::string>& items, std::string_view separator) {
  std::string text;
  for (const std::string& item : items) {
    Append(text, text.empty() ? "" : separator, YamlScalar(item));
  }
  return text;
}

std::string RenderNode(const RosterNode& node) {
  std::vector<std::string> roles;
  if (node.worker) roles.push_back("worker");
  if (node.evaluator) roles.push_back("evaluator");
  std::string text = Concat("  - name: ", YamlScalar(node.name), "\n    key: \"", node.key.Hex(),
                            "\"\n    addresses: [", RenderList(node.addresses, ", "),
                            "]\n    roles: [", RenderList(roles, ", "), "]\n");
  if (!node.owner.empty()) Append(text, "    owner: ", YamlScalar(node.owner), "\n");
  if (!node.model_family.empty()) Append(text, "    family: ", YamlScalar(node.model_family), "\n");
  return text;
}

}  // namespace

absl::StatusOr<Roster> ParseRoster(std::string_view text, std::string_view file) {
  const absl::StatusOr<YamlValue> document = ParseYaml(text, file);
  if (!document.ok()) return document.status();
  ReadReport report{std::string(file)};
  MapReader reader(&*document, "", report);
  int version = 0;
  uint32_t epoch = 0;
  reader.Number("version", version, 1, 1, Need::kRequired);
  reader.Number("epoch", epoch, 1, std::numeric_limits<uint32_t>::max(), Need::kRequired);
  std::vector<RosterNode> nodes;
  NodesReader nodes_reader(report);
  const YamlValue* list = reader.List("nodes", "nodes", Need::kRequired);
  for (size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    nodes.push_back(nodes_reader.Read(list->items[i], i));
  }
  MapReader parameters_reader = reader.Map("parameters", Need::kRequired);
  const RosterParameters parameters = ReadParameters(parameters_reader);
  reader.Finish();
  if (report.ok()) {
    const std::string of_nodes = Roster::Problem(nodes, RosterParameters{});
    const std::string problem = Roster::Problem(nodes, parameters);
    if (!of_nodes.empty()) {
      reader.ProblemAt("nodes", of_nodes);
    } else if (!problem.empty()) {
      reader.ProblemAt("parameters", problem);
    }
  }
  const absl::Status status = report.ToStatus();
  if (!status.ok()) return status;
  return Roster(epoch, std::move(nodes), parameters);
}

absl::StatusOr<Roster> LoadRoster(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  return ParseRoster(*text, path);
}

std::string RenderRoster(const Roster& roster) {
  const RosterParameters& p = roster.parameters();
  std::string text = Concat(
      "# The nodes of one decentd cluster. Every node must hold the same file: all but the "
      "addresses\n"
      "# is hashed into the cluster id that nodes compare when they meet. After a change, raise "
      "the\n"
      "# epoch ('decentctl roster add' and 'remove' do) and give the file to every node.\n"
      "version: 1\n"
      "epoch: ",
      roster.epoch(), "\n\nnodes:\n");
  for (const RosterNode& node : roster.nodes()) Append(text, RenderNode(node));
  Append(
      text,
      "\nparameters:\n"
      "  # How score sheets become a winner.\n"
      "  rule: ",
      RuleName(p.rule),
      "\n"
      "  # What evaluators score, 20 points each.\n"
      "  criteria:\n    - ",
      RenderList(p.criteria, "\n    - "),
      "\n"
      "  # How long a phase waits: soft once enough is in, hard whatever is in. A query may ask "
      "for\n"
      "  # other times, but not below min_soft and min_hard. Keep soft above the models' "
      "timeout.\n",
      RenderDeadlines("answer", p.answer), RenderDeadlines("sheet", p.sheet),
      "  # A node without a link for this long is not waited for.\n"
      "  absent_after: ",
      FormatDuration(p.absent_after_ms),
      "\n"
      "  # The first wait of a binary agreement that needs a fourth round; about a link's delay.\n"
      "  hint_base: ",
      FormatDuration(p.hint_base_ms),
      "\n"
      "  # A query may expire at most this far ahead.\n"
      "  longest_lifetime: ",
      FormatDuration(p.longest_lifetime_ms),
      "\n"
      "  # Rounds in flight that one node may have admitted.\n"
      "  rounds_per_sponsor: ",
      p.rounds_per_sponsor,
      "\n"
      "  # How many workers and evaluators may lie; left out, the most that is safe.\n",
      RenderFaulty("faulty_workers", p.faulty_workers),
      RenderFaulty("faulty_evaluators", p.faulty_evaluators),
      "  # Whether a sheet's score for an answer of its own owner or model family is dropped.\n"
      "  drop_same_owner: ",
      p.drop_same_owner ? "true" : "false",
      "\n"
      "  drop_same_family: ",
      p.drop_same_family ? "true" : "false", "\n");
  return text;
}

}  // namespace decentd
