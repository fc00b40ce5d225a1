// Prints what every rule makes of a fixed list of panels, as exact integers and digests: the golden
// vectors of aggregation. Panels are pseudo-random, from the generator of panel.h.
//
//   golden_transcript --check DIR    compares with DIR/*.txt byte for byte; 1 and a line on a
//   change golden_transcript --write DIR    rewrites them
#include <bit>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "node/core/aggregate/geometric_median.h"
#include "tests/aggregate/panel.h"

namespace decentd::aggregate {
namespace {

struct Case {
  const char* name;
  size_t judges, answers, criteria;
  uint32_t grain;  // marks are multiples of this
  Roles roles;
};

constexpr Case kCases[] = {
    {"nine judges, eight answers", 9, 8, 5, 1, Roles::kApart},
    {"whole points", 9, 8, 5, 1000, Roles::kApart},
    {"pass or fail", 9, 8, 1, 20000, Roles::kApart},
    {"pass or fail, three criteria", 9, 4, 3, 20000, Roles::kApart},
    {"an even panel", 10, 5, 5, 1, Roles::kApart},
    {"an even panel, one criterion", 6, 4, 1, 1000, Roles::kApart},
    {"judges of their own answers", 7, 7, 5, 500, Roles::kBoth},
    {"too few judges to drop any", 4, 4, 5, 500, Roles::kBoth},
    {"flat valleys", 4, 3, 2, 1, Roles::kApart},
    {"two judges", 2, 3, 5, 1, Roles::kApart},
    {"one judge", 1, 3, 5, 1, Roles::kApart},
    {"one answer", 5, 1, 5, 1, Roles::kApart},
    {"many criteria", 5, 3, 32, 1, Roles::kApart},
    {"a large council", 64, 32, 5, 250, Roles::kBoth},
};

Panel PanelFor(const Case& c, size_t number) {
  IntegerGenerator random(number);
  return PanelOf(RandomMarks(random, c.judges, c.answers, c.criteria, c.grain), c.roles);
}

template <class Items>
void PrintLine(std::ostream& out, const char* label, const Items& items) {
  out << "  " << label;
  for (const auto& item : items) out << ' ' << item;
  out << '\n';
}

void PrintTitle(std::ostream& out, const Case& c, size_t number) {
  out << "panel " << number << ": " << c.name << " (" << c.judges << " judges, " << c.answers
      << " answers, " << c.criteria << " criteria, grain " << c.grain
      << (c.roles == Roles::kBoth ? ", judges are authors" : "") << ")\n";
}

std::string Inputs() {
  std::ostringstream out;
  size_t number = 0;
  for (const Case& c : kCases) {
    PrintTitle(out, c, ++number);
    for (const AggregateSheet& sheet : PanelFor(c, number).input.sheets) {
      out << "  sheet of " << sheet.author.value;
      for (const SheetEntry& entry : sheet.entries) {
        const char* separator = " ";
        for (uint32_t score : entry.scores) {
          out << separator << score;
          separator = ",";
        }
      }
      out << '\n';
    }
  }
  return out.str();
}

std::string Outputs(Rule rule) {
  std::ostringstream out;
  size_t number = 0;
  for (const Case& c : kCases) {
    PrintTitle(out, c, ++number);
    const Panel panel = PanelFor(c, number);
    std::vector<int64_t> first, second;
    for (const Score& score : panel.Scores(rule)) {
      first.push_back(score.first);
      second.push_back(score.second);
    }
    const AggregateResult result = panel.Run(rule);
    PrintLine(out, "scores ", first);
    if (rule == Rule::kDuels) PrintLine(out, "heads  ", second);
    PrintLine(out, "ranking", result.ranking);
    PrintLine(out, "shown  ", result.shown_scores);
    PrintLine(out, "off    ", result.sheet_distance);
    out << "  flip    " << result.flip_margin << "\n  digest  " << result.digest.Hex() << '\n';
  }
  return out.str();
}

// The doubles themselves, before rounding to micro-points hides most differences.
std::string MedianBits() {
  std::ostringstream out;
  size_t number = 0;
  for (const Case& c : kCases) {
    PrintTitle(out, c, ++number);
    const ScoreTable table = PanelFor(c, number).Table();
    for (size_t i = 0; i < std::min<size_t>(c.answers, 3); ++i) {
      std::vector<double> points;
      for (size_t e = 0; e < c.judges; ++e) {
        for (size_t k = 0; k < c.criteria; ++k) {
          points.push_back(static_cast<double>(table.Mark(e, i, k)));
        }
      }
      out << "  answer " << i << std::hex;
      for (double component : GeometricMedian(points, c.criteria)) {
        out << ' ' << std::bit_cast<uint64_t>(component);
      }
      out << std::dec << '\n';
    }
  }
  return out.str();
}

std::map<std::string, std::string> Transcripts() {
  std::map<std::string, std::string> files{{"inputs.txt", Inputs()}, {"bits.txt", MedianBits()}};
  for (Rule rule : AllRules()) files[RuleName(rule) + ".txt"] = Outputs(rule);
  return files;
}

std::string FirstDifference(const std::string& expected, const std::string& found) {
  std::istringstream a(expected), b(found);
  std::string line_a, line_b;
  for (int line = 1;; ++line) {
    const bool more_a = static_cast<bool>(std::getline(a, line_a));
    const bool more_b = static_cast<bool>(std::getline(b, line_b));
    if (!more_a && !more_b) return "line ends differ";
    if (!more_a || !more_b || line_a != line_b) {
      return "line " + std::to_string(line) + "\n  golden: " + (more_a ? line_a : "(end)") +
             "\n  now:    " + (more_b ? line_b : "(end)");
    }
  }
}

int Check(const std::filesystem::path& directory) {
  int changed = 0;
  for (const auto& [name, text] : Transcripts()) {
    std::ifstream file(directory / name, std::ios::binary);
    std::ostringstream golden;
    golden << file.rdbuf();
    if (file && golden.str() == text) continue;
    ++changed;
    std::cerr << (directory / name).string() << ": " << FirstDifference(golden.str(), text) << '\n';
  }
  if (changed > 0) {
    std::cerr << changed << " golden files differ. Nodes of both versions would not agree; if the\n"
              << "change is meant, rewrite them: golden_transcript --write " << directory.string()
              << '\n';
  }
  return changed > 0 ? 1 : 0;
}

int Write(const std::filesystem::path& directory) {
  for (const auto& [name, text] : Transcripts()) {
    std::ofstream file(directory / name, std::ios::binary);
    file << text;
    if (!file.flush()) {
      std::cerr << "cannot write " << (directory / name).string() << '\n';
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace decentd::aggregate

int main(int argc, char** argv) {
  const std::string mode = argc == 3 ? argv[1] : "";
  if (mode == "--check") return decentd::aggregate::Check(argv[2]);
  if (mode == "--write") return decentd::aggregate::Write(argv[2]);
  std::cerr << "usage: golden_transcript --check|--write DIR\n";
  return 2;
}
