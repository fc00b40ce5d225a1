// decentd_bench: how many rounds, how fast, at what cost; measured on real daemons.
#include <signal.h>

#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tools/bench/report.h"
#include "tools/cluster/find_program.h"
#include "tools/cluster/scratch_directory.h"

namespace decentd::bench {
namespace {

constexpr char kExamples[] = R"(Examples:
  decentd_bench                                        four nodes, one round at a time, 10 s
  decentd_bench --concurrency 1,8,32 --seconds 20      how throughput and latency trade
  decentd_bench --delay constant:1s --rounds 20        what a round costs beyond its models
  decentd_bench --nodes 7 --delay exponential:400ms --concurrency 16 --json

Every combination of --delay and --concurrency is one column, measured on a council of its own.
Exit status: 0 measured, 1 could not measure or a round had no winner, 64 wrong usage, 130 stopped.
)";

std::atomic<bool> interrupted{false};
void OnSignal(int) { interrupted = true; }

struct Options {
  int nodes = 4;
  std::vector<int> concurrency = {1};
  std::vector<std::string> delays = {"constant:0ms"};
  uint64_t rounds = 0, warm_up = 0;
  double seconds = 10, idle = 5;
  std::string directory, bin;
  bool json = false, keep = false;
};

Setting MakeSetting(const Options& options, const Delay& delay, int concurrency) {
  Setting setting;
  setting.council.nodes = options.nodes;
  setting.council.delay = delay;
  setting.council.rounds_in_flight = static_cast<uint32_t>(concurrency);
  setting.load.concurrency = concurrency;
  setting.load.rounds = options.rounds;
  if (options.rounds == 0) setting.load.time = absl::Seconds(options.seconds);
  setting.warm_up_rounds = options.warm_up;
  setting.idle = absl::Seconds(options.idle);
  return setting;
}

absl::Status Run(const Options& options, const std::vector<Delay>& delays) {
  const auto say = [](const std::string& line) { std::cerr << line << std::endl; };
  const absl::StatusOr<std::string> program = FindProgram("decentd", options.bin);
  if (!program.ok()) return program.status();
  const auto directory = ScratchDirectory::Make(options.directory, "decentd-bench-", options.keep);
  if (!directory.ok()) return directory.status();
  if (options.keep) say("kept: " + (*directory)->path());
  say("measuring this machine's signatures and syncs");
  const absl::StatusOr<Baseline> baseline = MeasureBaseline((*directory)->path());
  if (!baseline.ok()) return baseline.status();
  std::vector<Measurement> measurements;
  for (const Delay& delay : delays) {
    for (const int concurrency : options.concurrency) {
      Setting setting = MakeSetting(options, delay, concurrency);
      setting.council.program = *program;
      setting.council.directory =
          absl::StrCat((*directory)->path(), "/council", measurements.size());
      const auto measured = Measure(setting, *baseline, say, [] { return interrupted.load(); });
      if (!measured.ok()) return measured.status();
      measurements.push_back(*measured);
    }
  }
  std::cout << (options.json ? ToJson(*baseline, measurements) : ToTable(*baseline, measurements))
            << std::flush;
  if (!std::cout) return absl::DataLossError("cannot write the result to standard output");
  for (const Measurement& m : measurements) {
    if (m.failed_rounds > 0) {
      return absl::InternalError("rounds had no winner: these numbers are not of whole rounds");
    }
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Measures a council of real decentd daemons on this machine: keys, mutual TLS, "
      "RocksDB with synced writes, scripted models.",
      "decentd_bench");
  app.add_option("--nodes", options.nodes, "Nodes of the council")
      ->check(CLI::Range(1, 128))
      ->capture_default_str();
  app.add_option("--concurrency", options.concurrency, "Rounds under way at once; a list")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--delay", options.delays,
                 "What a model call takes: constant:1s, uniform:200ms-900ms, exponential:400ms; "
                 "a list")
      ->delimiter(',')
      ->capture_default_str();
  auto* rounds = app.add_option("--rounds", options.rounds, "Measure this many rounds")
                     ->check(CLI::Range(1, 10'000'000));
  app.add_option("--seconds", options.seconds, "Measure for this long")
      ->check(CLI::Range(0.1, 86'400.0))
      ->excludes(rounds)
      ->capture_default_str();
  app.add_option("--warm-up", options.warm_up, "Rounds before the measurement")
      ->check(CLI::Range(0, 1'000'000))
      ->default_val(20);
  app.add_option("--idle", options.idle, "Seconds of rest before idle memory is read")
      ->check(CLI::Range(0.0, 3'600.0))
      ->capture_default_str();
  app.add_option("--dir", options.directory,
                 "Where databases are put: the disk that is measured; default: the system's "
                 "directory for temporary files");
  app.add_option("--bin", options.bin, "Directory of decentd; default: this build's");
  app.add_flag("--json", options.json, "JSON instead of the table");
  app.add_flag("--keep", options.keep, "Keep the councils' files and logs");
  app.footer(kExamples);
  std::vector<Delay> delays;
  try {
    app.parse(argc, argv);
    for (const std::string& text : options.delays) {
      const absl::StatusOr<Delay> delay = ParseDelay(text);
      if (!delay.ok()) throw CLI::ValidationError("--delay", std::string(delay.status().message()));
      delays.push_back(*delay);
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  struct sigaction action {};
  action.sa_handler = OnSignal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);

  const absl::Status status = Run(options, delays);
  if (status.ok()) return 0;
  if (absl::IsCancelled(status)) return 130;
  std::cerr << "decentd_bench: error: " << status.message() << std::endl;
  return 1;
}

}  // namespace
}  // namespace decentd::bench

int main(int argc, char** argv) {
  try {
    return decentd::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "decentd_bench: error: " << error.what() << std::endl;
    return 1;
  }
}
