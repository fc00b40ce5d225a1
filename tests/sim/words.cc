#include "tests/sim/words.h"

#include <type_traits>
#include <utility>
#include <vector>

#include "node/core/verdict.h"

namespace decentd::sim {
namespace {

std::string Number(uint64_t value) { return std::to_string(value); }

std::string Bit(bool value) { return value ? "1" : "0"; }

// What is said, and of which slot; ENTER is of none.
template <class Echoed>
std::pair<std::string, std::string> Parts(const Vote& vote, Echoed echoed) {
  return std::visit(
      [&](const auto& v) -> std::pair<std::string, std::string> {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, vote::Enter>) {
          return {"ENTER", Name(v.phase)};
        } else if constexpr (std::is_same_v<T, vote::Echo>) {
          return {"ECHO", echoed(v)};
        } else if constexpr (std::is_same_v<T, vote::Est>) {
          return {"EST[" + Number(v.round) + "] " + Bit(v.value), Name(v.slot)};
        } else if constexpr (std::is_same_v<T, vote::Aux>) {
          const char* values[] = {"", "{0}", "{1}", "{0,1}"};
          return {"AUX[" + Number(v.round) + "] " + values[v.values], Name(v.slot)};
        } else if constexpr (std::is_same_v<T, vote::Hint>) {
          return {"HINT[" + Number(v.round) + "] " + Bit(v.value), Name(v.slot)};
        } else {
          return {"DECIDED " + Bit(v.value), Name(v.slot)};
        }
      },
      vote);
}

std::string Marks(const Sheet& sheet) {
  std::string text;
  for (const SheetEntry& entry : sheet.entries) {
    uint64_t total = 0;
    for (uint32_t score : entry.scores) total += score;
    text += (text.empty() ? "gives A" : ", A") + Number(entry.author.value) + " " + Number(total);
  }
  return text;
}

}  // namespace

std::string Name(NodeIndex node) { return "n" + Number(node.value); }
std::string Name(Phase phase) { return phase == Phase::kAnswer ? "A" : "S"; }
std::string Name(const Slot& slot) { return Name(slot.phase) + Number(slot.author.value); }

std::string StatementNames::VotesInWords(const Votes& votes) const {
  const auto echoed = [this](const vote::Echo& echo) {
    const auto it = proposals_.find({echo.digest, echo.slot});
    return it == proposals_.end() ? Name(echo.slot) + "?" : it->second;
  };
  std::vector<std::pair<std::string, std::string>> groups;
  for (const Vote& vote : votes.votes) {
    const auto [what, slot] = Parts(vote, echoed);
    if (!groups.empty() && groups.back().first == what) {
      groups.back().second += " " + slot;
    } else {
      groups.emplace_back(what, slot);
    }
  }
  std::string text;
  for (const auto& [what, slots] : groups) text += (text.empty() ? "" : "; ") + what + " " + slots;
  return text;
}

std::string Words(TimerType type) {
  static constexpr const char* kNames[] = {"", "the soft deadline", "the hard deadline",
                                           "the silence of the absent", "the wait for a hint",
                                           "the wait after AUX"};
  return kNames[static_cast<size_t>(type)];
}

std::string Words(Closed closed) {
  static constexpr const char* kNames[] = {"", ", closed by the soft deadline",
                                           ", closed by absence", ", closed by the hard deadline"};
  return kNames[static_cast<size_t>(closed)];
}

StatementNames::Named StatementNames::Of(const AnyVerified& statement) {
  return std::visit(
      [this](const auto& m) -> Named {
        using T = std::decay_t<decltype(*m)>;
        const std::pair key(m.envelope()->author, m.body_digest());
        if (const auto it = names_.find(key); it != names_.end()) return {it->second, false};
        const std::string author = Number(m.author().value);
        std::string name = "Query";
        if constexpr (std::is_same_v<T, Sponsor>) name = "Sponsor" + author;
        if constexpr (std::is_same_v<T, Propose>) name = Name(Slot{m->phase, m.author()});
        if constexpr (std::is_same_v<T, Votes>) name = author + "." + Number(m->seq);
        if constexpr (std::is_same_v<T, Decision>) name = "D" + author;
        if constexpr (requires { m->round; }) {
          const int others = count_[{name, m->round.digest}]++;
          name += std::string(static_cast<size_t>(others), '\'');
        }
        if constexpr (std::is_same_v<T, Propose>) {
          proposals_[{m.body_digest(), {m->phase, m.author()}}] = name;
        }
        return {names_[key] = name, true};
      },
      statement);
}

std::string StatementNames::Content(const AnyVerified& statement) const {
  return std::visit(
      [this](const auto& m) -> std::string {
        using T = std::decay_t<decltype(*m)>;
        if constexpr (std::is_same_v<T, Propose>) {
          if (const auto* answer = std::get_if<Answer>(&m->payload)) {
            return "\"" + answer->text.substr(0, 60) + "\"";
          }
          if (const auto* sheet = std::get_if<Sheet>(&m->payload)) return Marks(*sheet);
          return "abstains: " + std::get<Abstain>(m->payload).detail;
        } else if constexpr (std::is_same_v<T, Votes>) {
          return VotesInWords(*m);
        } else if constexpr (std::is_same_v<T, Decision>) {
          const auto verdict = Verdict::Decode(m->verdict);
          std::string text(OutcomeName(verdict->outcome));
          const auto winner = proposals_.lower_bound({verdict->winner, {}});
          if (winner != proposals_.end() && winner->first.first == verdict->winner) {
            text += ", winner " + winner->second;
          }
          return text + ", " + Number(verdict->answer_count) + " answers, " +
                 Number(verdict->sheet_count) + " sheets";
        } else {
          return "";
        }
      },
      statement);
}

}  // namespace decentd::sim
