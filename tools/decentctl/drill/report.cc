#include "tools/decentctl/drill/report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "tools/decentctl/bundle_report.h"
#include "tools/decentctl/terminal_text.h"
#include "tools/decentctl/text_table.h"

namespace decentd::drill {
namespace {

std::string Cell(const LiarCount& count, RoundEnd end) {
  const auto rounds = std::ranges::count(count.rounds, end, &DrillRound::end);
  return rounds == 0 ? "-" : absl::StrCat(rounds, " of ", count.rounds.size());
}

std::string Noticed(const LiarCount& count) {
  if (!count.honest_convicted.empty()) {
    return absl::StrCat("evidence against the honest ", absl::StrJoin(count.honest_convicted, ", "));
  }
  if (!count.convicted.empty()) {
    return absl::StrCat("evidence against ", count.convicted.size(), " of ", count.liars);
  }
  return count.faults == 0 ? "-" : absl::StrCat("refused ", FormatCount(count.faults, "message"));
}

// Of the last round in which the winner fell, else of the last one.
std::string Answer(const LiarCount& count) {
  const DrillRound* shown = &count.rounds.back();
  for (const DrillRound& round : count.rounds) {
    if (round.end != RoundEnd::kHonestWon) shown = &round;
  }
  return shown->end == RoundEnd::kNoDecision ? shown->reason : shown->answer;
}

std::string Slowest(const LiarCount& count) {
  const auto slowest = std::ranges::max_element(count.rounds, {}, &DrillRound::seconds);
  return DurationText(absl::Seconds(slowest->seconds));
}

bool CopierWon(const Report& report) {
  return std::ranges::any_of(report.counts, [](const LiarCount& count) {
    return std::ranges::any_of(count.rounds, [](const DrillRound& round) {
      return round.end == RoundEnd::kHonestWon && round.winner_is_liar;
    });
  });
}

std::string Promise(const Report& report) {
  return absl::StrCat("the roster promises to withstand ",
                      report.withstands == 0 ? "no liar" : FormatCount(report.withstands, "liar"),
                      " (f = ", report.f, ", f_W = ", report.faulty_workers,
                      ", f_E = ", report.faulty_evaluators, ")");
}

// Whether a round ended so with no more liars than promised.
bool Promised(const Report& report, RoundEnd end) {
  return std::ranges::any_of(report.counts, [&](const LiarCount& count) {
    return count.liars <= report.withstands && Cell(count, end) != "-";
  });
}

std::string Conclusion(const Report& report) {
  if (Held(report)) {
    return absl::StrCat("The winner stood for every number of liars that the roster promises to ",
                        "withstand.\n");
  }
  std::string text = "The winner did NOT stand for";
  std::vector<std::string> fallen;
  for (const LiarCount& count : report.counts) {
    if (count.liars <= report.withstands && !Stood(count)) {
      fallen.push_back(std::to_string(count.liars));
    }
  }
  absl::StrAppend(&text, " ", absl::StrJoin(fallen, ", "),
                  fallen.size() == 1 && fallen[0] == "1" ? " liar" : " liars",
                  ", which the roster promises to withstand.\n");
  if (!Stood(report.counts.front())) {
    return text + "It did not without a liar either: look at the models first ('decentctl doctor "
                  "--deep'), all nodes of the drill share them.\n";
  }
  if (Promised(report, RoundEnd::kSplit)) {
    return text + "Honest nodes disagree: that is a bug of decentd; report it with the files that "
                  "--keep leaves.\n";
  }
  if (Promised(report, RoundEnd::kNoDecision)) {
    return text + "Without a decision: the models were slower than the roster's deadlines or "
                  "--timeout allow, for the nodes of the drill share them.\n";
  }
  if (report.parameters.rule == Rule::kUnsafeMean) return text;  // that is why
  return text + "Honest judges marked the liars' answer as high as an honest one: judge with a "
                "better model.\n";
}

nlohmann::ordered_json ToJson(const DrillRound& round) {
  nlohmann::ordered_json json = {{"round_id", round.round_id},
                                 {"end", RoundEndName(round.end)},
                                 {"seconds", round.seconds}};
  if (round.end == RoundEnd::kNoDecision) {
    json["reason"] = round.reason;
  } else {
    json["winner"] = round.winner;
    json["winner_is_liar"] = round.winner_is_liar;
    json["answer"] = round.answer;
  }
  return json;
}

}  // namespace

bool Stood(const LiarCount& count) {
  return count.honest_convicted.empty() &&
         std::ranges::all_of(count.rounds, [](const DrillRound& round) {
           return round.end == RoundEnd::kHonestWon;
         });
}

bool Held(const Report& report) {
  return std::ranges::all_of(report.counts, [&](const LiarCount& count) {
    return count.liars > report.withstands || Stood(count);
  });
}

std::string RoundEndName(RoundEnd end) {
  switch (end) {
    case RoundEnd::kHonestWon:
      return "honest_won";
    case RoundEnd::kLiarsWon:
      return "liars_won";
    case RoundEnd::kSplit:
      return "split";
    case RoundEnd::kNoDecision:
      break;
  }
  return "no_decision";
}

std::string ToTable(const Report& report) {
  using Column = TextTable::Column;
  std::string text = absl::StrCat(
      "Drill: ", std::string(WordsOf(report.attack).name), ": ",
      std::string(WordsOf(report.attack).what), "\n", FormatCount(report.nodes, "node"), ", rule ",
      RuleName(report.parameters.rule), "; ", Promise(report), "\n\n");
  const bool split = std::ranges::any_of(report.counts, [](const LiarCount& count) {
    return Cell(count, RoundEnd::kSplit) != "-";
  });
  std::vector<Column> columns = {{"liars", TextTable::Align::kRight},
                                 {"promised"},
                                 {"winner"},
                                 {"honest won"},
                                 {"liars won"},
                                 {"no decision"}};
  if (split) columns.push_back({"honest nodes disagree"});
  columns.insert(columns.end(), {{"noticed"}, {"slowest", TextTable::Align::kRight},
                                 {"answer that won, or why none did"}});
  TextTable table(columns);
  for (const LiarCount& count : report.counts) {
    std::vector<std::string> cells = {std::to_string(count.liars),
                                      count.liars <= report.withstands ? "yes" : "no",
                                      Stood(count) ? "stood" : "FELL",
                                      Cell(count, RoundEnd::kHonestWon),
                                      Cell(count, RoundEnd::kLiarsWon),
                                      Cell(count, RoundEnd::kNoDecision)};
    if (split) cells.push_back(Cell(count, RoundEnd::kSplit));
    cells.insert(cells.end(), {Noticed(count), Slowest(count), Answer(count)});
    table.Add(cells);
  }
  absl::StrAppend(&text, table.ToString(), "\n");
  if (CopierWon(report)) {
    text += "An honest answer also won in the name of a liar that had proposed the same text.\n";
  }
  absl::StrAppend(&text, Conclusion(report));
  if (report.parameters.rule == Rule::kUnsafeMean) {
    text += "The rule unsafe_mean keeps no promise: a single liar's marks decide wherever honest "
            "judges\nare not far apart. Use geometric_median.\n";
  }
  if (!report.directory.empty()) absl::StrAppend(&text, "Kept in ", report.directory, "\n");
  return text;
}

std::string ToJson(const Report& report) {
  nlohmann::ordered_json json = {{"attack", WordsOf(report.attack).name},
                                 {"question", report.question},
                                 {"nodes", report.nodes},
                                 {"rule", RuleName(report.parameters.rule)},
                                 {"f", report.f},
                                 {"f_W", report.faulty_workers},
                                 {"f_E", report.faulty_evaluators},
                                 {"withstands", report.withstands},
                                 {"held", Held(report)},
                                 {"counts", nlohmann::ordered_json::array()}};
  for (const LiarCount& count : report.counts) {
    nlohmann::ordered_json rounds = nlohmann::ordered_json::array();
    for (const DrillRound& round : count.rounds) rounds.push_back(ToJson(round));
    json["counts"].push_back({{"liars", count.liars},
                              {"promised", count.liars <= report.withstands},
                              {"stood", Stood(count)},
                              {"evidence_against", count.convicted},
                              {"evidence_against_honest", count.honest_convicted},
                              {"messages_refused", count.faults},
                              {"rounds", std::move(rounds)}});
  }
  if (!report.directory.empty()) json["directory"] = report.directory;
  return DumpJson(json);
}

}  // namespace decentd::drill
