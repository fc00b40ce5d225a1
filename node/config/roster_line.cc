#include "node/config/roster_line.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "crypto/digest.h"
#include "node/config/text.h"
#include "node/config/units.h"

namespace decentd {
namespace {

constexpr std::string_view kMagic = "decentd-roster";
constexpr std::string_view kVersion = "1";
constexpr size_t kParts = 5;
constexpr size_t kSumDigits = 8;
constexpr size_t kMaxLineBytes = 256 * 1024;  // 128 nodes with long names and addresses

absl::Status Wrong(std::string_view message) { return InvalidArgument("roster line: ", message); }

std::string Sum(std::string_view text) { return Sha256(text).Hex().substr(0, kSumDigits); }

absl::StatusOr<std::vector<RosterNode>> WithAddresses(std::vector<RosterNode> nodes,
                                                      std::string_view text) {
  const std::vector<std::string_view> of_nodes = Split(text, ';');
  if (of_nodes.size() != nodes.size()) {
    return Wrong(Concat("it has addresses for ", of_nodes.size(), " nodes and names ",
                        nodes.size()));
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (of_nodes[i].empty()) continue;  // waits to be dialled
    for (std::string_view address : Split(of_nodes[i], ',')) {
      const absl::Status status = ParseHostPort(std::string(address)).status();
      if (!status.ok()) return Wrong(Concat(nodes[i].name, ": ", MessageOf(status)));
      nodes[i].addresses.emplace_back(address);
    }
  }
  return nodes;
}

}  // namespace

std::string EncodeRosterLine(const Roster& roster) {
  std::vector<std::string> addresses;
  for (const RosterNode& node : roster.nodes()) addresses.push_back(Join(node.addresses, ","));
  const std::string before_sum =
      Concat(kMagic, "/", kVersion, "/", absl::WebSafeBase64Escape(roster.CanonicalBytes()), "/",
             Join(addresses, ";"), "/");
  return Concat(before_sum, Sum(before_sum));
}

absl::StatusOr<Roster> ParseRosterLine(std::string_view text) {
  std::string line(text.substr(0, kMaxLineBytes + 1));
  line.erase(std::remove_if(line.begin(), line.end(), IsSpace), line.end());
  if (line.size() > kMaxLineBytes) return Wrong("longer than any is");
  if (!line.starts_with(Concat(kMagic, "/"))) {
    return Wrong(Concat("this is none; expected the line that begins with ", kMagic,
                        "/1/, as 'decentctl roster line' prints it"));
  }
  const std::vector<std::string_view> parts = Split(line, '/');
  if (parts[1] != kVersion) {
    return Wrong(Concat("version '", parts[1].substr(0, 20), "' is not known here; expected ",
                        kVersion, ": use a newer release, or it was changed on its way"));
  }
  const std::string_view before_sum(line.data(), line.size() - parts.back().size());
  if (parts.size() != kParts || parts.back() != Sum(before_sum)) {
    return Wrong(
        "it was changed or cut on its way; copy the whole line that 'decentctl roster line' prints");
  }
  std::string canonical;
  const bool decoded = absl::WebSafeBase64Unescape(std::string(parts[2]), &canonical);
  const std::optional<Roster> roster =
      decoded ? Roster::FromCanonicalBytes(canonical) : std::nullopt;
  if (!roster) return Wrong("what it holds is no roster of this protocol");
  absl::StatusOr<std::vector<RosterNode>> nodes = WithAddresses(roster->nodes(), parts[3]);
  if (!nodes.ok()) return nodes.status();
  return Roster(roster->epoch(), *std::move(nodes), roster->parameters());
}

}  // namespace decentd
