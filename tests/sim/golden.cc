// The golden transcripts as a program.
//
//   golden_runs --check DIR    runs every plan of golden_runs.h, and compares with DIR/NAME.txt
//   golden_runs --write DIR    rewrites them, where every run comes to what its plan expects
//   golden_runs --show NAME    prints one
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "node/runtime/archive.h"
#include "tests/sim/checkers.h"
#include "tests/sim/coverage.h"
#include "tests/sim/golden_runs.h"
#include "tests/sim/transcript.h"

namespace decentd::sim {
namespace {

constexpr char kLegend[] =
    "n1: a node. A1, S1: its answer and its sheet. 1.3: its Votes with number 3. D1: its Decision.\n"
    "<: what reaches a node, and from whom; of a liar with what is in it.\n"
    "\n";

struct Outcomes {
  std::string text;
  std::vector<std::string> problems;  // what is not as the run expects
};

Outcomes Perform(const GoldenRun& run) {
  std::ostringstream text;
  text << run.name << "\n\n" << run.about << "\n" << run.plan.Describe() << "\n" << kLegend;
  Outcomes out;
  std::vector<Violation> violations;
  World world(run.plan);
  Transcript transcript(world, text);
  Coverage coverage;
  const Checkers checkers = MakeCheckers(world, &violations);
  world.Watch(transcript);
  world.Watch(coverage);
  for (const auto& checker : checkers) world.Watch(*checker);
  world.Run();

  for (const Violation& v : violations) out.problems.push_back(v.claim + ": " + v.text);
  for (const std::string& branch : run.reached) {
    if (!coverage.reached().contains(branch)) out.problems.push_back("not reached: " + branch);
  }
  for (const RoundId& round : world.rounds()) {
    for (int i = 0; i < run.plan.n; ++i) {
      if (!world.honest(i)) continue;
      const auto summary = archive::ReadSummary(world.node(i).disk(), round);
      if (!summary.ok()) {
        out.problems.push_back("n" + std::to_string(i) + " has no record");
      } else if (summary->outcome() != static_cast<uint32_t>(run.outcome) ||
                 summary->answers() != run.answers || summary->sheets() != run.sheets) {
        out.problems.push_back("the record of n" + std::to_string(i) + " says " +
                               std::string(OutcomeName(static_cast<Outcome>(summary->outcome()))) +
                               " with " + std::to_string(summary->answers()) + " answers and " +
                               std::to_string(summary->sheets()) + " sheets");
      }
    }
  }
  if (world.rounds().empty()) out.problems.push_back("no round began");
  out.text = text.str();
  return out;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The lines that differ, by the longest common subsequence, with two around them.
std::string Difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::vector<size_t>> common(a.size() + 1, std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1
                                  : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<std::string> all;
  std::vector<bool> shown;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      all.push_back("    " + a[i++]);
      ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      all.push_back("  - " + a[i++]);
    } else {
      all.push_back("  + " + b[j++]);
    }
  }
  std::string text;
  for (size_t i = 0; i < all.size(); ++i) {
    const size_t first = i < 2 ? 0 : i - 2, last = std::min(all.size(), i + 3);
    const bool near = std::any_of(all.begin() + static_cast<std::ptrdiff_t>(first),
                                  all.begin() + static_cast<std::ptrdiff_t>(last),
                                  [](const std::string& line) { return line[2] != ' '; });
    if (near) text += all[i] + "\n";
    else if (text.empty() || !text.ends_with("    ...\n")) text += "    ...\n";
  }
  return text;
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool PrintProblems(const GoldenRun& run, const Outcomes& outcomes) {
  for (const std::string& problem : outcomes.problems) {
    std::cout << run.name << ": NOT WHAT IS EXPECTED: " << problem << "\n";
  }
  return outcomes.problems.empty();
}

int Check(const std::filesystem::path& directory) {
  bool good = true, differs = false;
  std::set<std::filesystem::path> known;
  for (const GoldenRun& run : GoldenRuns()) {
    const Outcomes outcomes = Perform(run);
    good &= PrintProblems(run, outcomes);
    const auto path = directory / (run.name + ".txt");
    known.insert(path);
    const std::string golden = Read(path);
    if (golden == outcomes.text) continue;
    differs = true;
    std::cout << path.string() << " (-) and the run (+):\n"
              << Difference(Lines(golden), Lines(outcomes.text)) << "\n";
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (known.contains(entry.path())) continue;
    differs = true;
    std::cout << entry.path().string() << " is the transcript of no run\n";
  }
  if (differs) {
    std::cout << "Where every change is meant: cmake --build --preset release --target "
                 "rewrite_golden_runs\nand read the diff of tests/sim/golden before it is "
                 "committed.\n";
  }
  return good && !differs ? 0 : 1;
}

int Write(const std::filesystem::path& directory) {
  bool good = true;
  for (const GoldenRun& run : GoldenRuns()) {
    const Outcomes outcomes = Perform(run);
    if (!PrintProblems(run, outcomes)) {
      good = false;
      continue;
    }
    std::ofstream file(directory / (run.name + ".txt"), std::ios::binary);
    file << outcomes.text;
    if (!file.flush()) {
      std::cout << "cannot write " << (directory / (run.name + ".txt")).string() << "\n";
      good = false;
    }
  }
  return good ? 0 : 1;
}

int Show(const std::string& name) {
  for (const GoldenRun& run : GoldenRuns()) {
    if (run.name != name) continue;
    const Outcomes outcomes = Perform(run);
    std::cout << outcomes.text;
    return PrintProblems(run, outcomes) ? 0 : 1;
  }
  for (const GoldenRun& run : GoldenRuns()) std::cout << run.name << "\n";
  return 2;
}

}  // namespace
}  // namespace decentd::sim

int main(int argc, char** argv) {
  const std::string mode = argc == 3 ? argv[1] : "";
  if (mode == "--check") return decentd::sim::Check(argv[2]);
  if (mode == "--write") return decentd::sim::Write(argv[2]);
  if (mode == "--show") return decentd::sim::Show(argv[2]);
  std::cerr << "usage: golden_runs --check DIR | --write DIR | --show NAME\n";
  return 2;
}
