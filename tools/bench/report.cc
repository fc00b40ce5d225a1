#include "tools/bench/report.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "tools/decentctl/terminal_text.h"

namespace decentd::bench {
namespace {

std::string Number(double value, int digits) { return absl::StrFormat("%.*f", digits, value); }

std::string Bytes(double value) {
  return FormatBytes(static_cast<uint64_t>(std::max(value, 0.0) + 0.5));
}

struct Row {
  const char* title;
  std::function<std::string(const Measurement&)> cell;
};

// One line for each thing that is measured, in the order of the table.
const std::vector<Row>& Rows() {
  using M = const Measurement&;
  static const std::vector<Row> rows = {
      {"nodes", [](M m) { return absl::StrCat(m.nodes); }},
      {"models take", [](M m) { return m.delay; }},
      {"concurrency", [](M m) { return absl::StrCat(m.concurrency); }},
      {"rounds measured", [](M m) { return absl::StrCat(m.rounds); }},
      {"rounds without a winner", [](M m) { return absl::StrCat(m.failed_rounds); }},
      {"rounds per second", [](M m) { return Number(m.rounds_per_second, 1); }},
      {"latency p50, ms", [](M m) { return Number(m.latency_p50_ms, 1); }},
      {"latency p90, ms", [](M m) { return Number(m.latency_p90_ms, 1); }},
      {"latency p99, ms", [](M m) { return Number(m.latency_p99_ms, 1); }},
      {"beyond the models' time, p50, ms",
       [](M m) { return m.overhead_p50_ms ? Number(*m.overhead_p50_ms, 1) : "-"; }},
      {"daemons' CPU per round, ms", [](M m) { return Number(m.daemon_cpu_ms, 1); }},
      {"load generator's CPU per round, ms", [](M m) { return Number(m.client_cpu_ms, 1); }},
      {"signatures verified per round", [](M m) { return Number(m.signatures_verified, 1); }},
      {"synced writes per round", [](M m) { return Number(m.synced_writes, 1); }},
      {"bytes written per round", [](M m) { return Bytes(m.bytes_written); }},
      {"bytes sent between nodes per round", [](M m) { return Bytes(m.bytes_sent); }},
      {"database growth per round and node", [](M m) { return Bytes(m.store_bytes_node); }},
      {"proof of one round", [](M m) { return Bytes(m.bundle_bytes); }},
      {"idle memory of a node", [](M m) { return Bytes(static_cast<double>(m.idle_bytes_node)); }},
      {"peak memory of a node", [](M m) { return Bytes(static_cast<double>(m.peak_bytes_node)); }},
      {"floor: rounds per second", [](M m) { return Number(m.floor_rounds_per_second, 1); }},
      {"achieved of the floor", [](M m) { return Number(100 * m.achieved_of_floor, 0) + "%"; }},
  };
  return rows;
}

}  // namespace

std::string ToTable(const Baseline& baseline, const std::vector<Measurement>& measurements) {
  std::string out = absl::StrFormat(
      "%d cores (%s); load average before %.1f; one Ed25519 verification %.1f us, one signature "
      "%.1f us;\none write of 4 KiB with fdatasync %.2f ms (p99 %.2f ms)\n\n",
      baseline.cores, baseline.processor, baseline.load_average, baseline.verify_us,
      baseline.sign_us, baseline.sync_p50_ms, baseline.sync_p99_ms);
  std::vector<std::vector<std::string>> lines;
  size_t titles = 0, cells = 0;
  for (const Row& row : Rows()) {
    lines.push_back({row.title});
    titles = std::max(titles, lines.back()[0].size());
    for (const Measurement& m : measurements) {
      lines.back().push_back(row.cell(m));
      cells = std::max(cells, lines.back().back().size());
    }
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    out += absl::StrFormat("| %-*s |", static_cast<int>(titles), lines[i][0]);
    for (size_t j = 1; j < lines[i].size(); ++j) {
      out += absl::StrFormat(" %*s |", static_cast<int>(cells), lines[i][j]);
    }
    out += "\n";
    if (i > 0) continue;
    absl::StrAppend(&out, "|", std::string(titles + 2, '-'), "|");
    for (size_t j = 1; j < lines[i].size(); ++j) {
      absl::StrAppend(&out, std::string(cells + 1, '-'), ":|");
    }
    out += "\n";
  }
  return out;
}

std::string ToJson(const Baseline& baseline, const std::vector<Measurement>& measurements) {
  using nlohmann::ordered_json;
  ordered_json settings = ordered_json::array();
  for (const Measurement& m : measurements) {
    settings.push_back({{"nodes", m.nodes},
                        {"delay", m.delay},
                        {"concurrency", m.concurrency},
                        {"rounds", m.rounds},
                        {"failed_rounds", m.failed_rounds},
                        {"seconds", m.seconds},
                        {"rounds_per_second", m.rounds_per_second},
                        {"latency_p50_ms", m.latency_p50_ms},
                        {"latency_p90_ms", m.latency_p90_ms},
                        {"latency_p99_ms", m.latency_p99_ms},
                        {"overhead_p50_ms", m.overhead_p50_ms ? ordered_json(*m.overhead_p50_ms)
                                                              : ordered_json(nullptr)},
                        {"daemon_cpu_ms_per_round", m.daemon_cpu_ms},
                        {"client_cpu_ms_per_round", m.client_cpu_ms},
                        {"signatures_verified_per_round", m.signatures_verified},
                        {"synced_writes_per_round", m.synced_writes},
                        {"bytes_written_per_round", m.bytes_written},
                        {"bytes_sent_per_round", m.bytes_sent},
                        {"store_bytes_per_round_and_node", m.store_bytes_node},
                        {"bundle_bytes", m.bundle_bytes},
                        {"idle_bytes_per_node", m.idle_bytes_node},
                        {"peak_bytes_per_node", m.peak_bytes_node},
                        {"floor_rounds_per_second", m.floor_rounds_per_second},
                        {"achieved_of_floor", m.achieved_of_floor}});
  }
  const ordered_json all = {{"machine",
                             {{"cores", baseline.cores},
                              {"processor", baseline.processor},
                              {"load_average", baseline.load_average},
                              {"verify_us", baseline.verify_us},
                              {"sign_us", baseline.sign_us},
                              {"sync_p50_ms", baseline.sync_p50_ms},
                              {"sync_p99_ms", baseline.sync_p99_ms}}},
                            {"settings", settings}};
  return all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace decentd::bench
