#include "tools/decentctl/drill/run.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "crypto/ed25519_signer.h"
#include "tools/decentctl/drill/ask_round.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd::drill {
namespace {

// Evidence is passed on after the round, so a fork's is waited for.
constexpr absl::Duration kEvidencePatience = absl::Seconds(10);

using Say = std::function<void(const std::string&)>;

absl::Status LookForTraces(ScratchCouncil& council, Attack attack, const Interrupted& interrupted,
                           LiarCount* count) {
  const absl::Time until =
      absl::Now() + (attack == Attack::kFork ? kEvidencePatience : absl::ZeroDuration());
  std::set<NodeIndex> convicted;
  while (true) {
    const auto found = council.Convicted();
    if (!found.ok()) return found.status();
    convicted = *found;
    if (convicted.size() >= council.liars().size() || absl::Now() >= until) break;
    if (interrupted()) return absl::CancelledError("interrupted");
    absl::SleepFor(absl::Milliseconds(50));
  }
  for (const NodeIndex node : convicted) {
    (council.liars().contains(node) ? count->convicted : count->honest_convicted)
        .push_back(council.roster().node(node).name);
  }
  const absl::StatusOr<uint64_t> faults = council.FaultsOfLiars();
  if (!faults.ok()) return faults.status();
  count->faults = *faults;
  return absl::OkStatus();
}

std::string EndInWords(const DrillRound& round) {
  switch (round.end) {
    case RoundEnd::kHonestWon:
      return "an honest answer won";
    case RoundEnd::kLiarsWon:
      return "the liars' answer won";
    case RoundEnd::kSplit:
      return "honest nodes decided differently";
    case RoundEnd::kNoDecision:
      break;
  }
  return round.reason;
}

absl::StatusOr<LiarCount> TryLiars(const Plan& plan, int liars, const Say& say,
                                   const Interrupted& interrupted) {
  ScratchOptions options = plan.scratch;
  options.directory = absl::StrCat(plan.directory, "/liars-", liars);
  options.liars.insert(plan.order.begin(), plan.order.begin() + liars);
  say(absl::StrCat("starting ", options.nodes.size(), " nodes"));
  absl::StatusOr<ScratchCouncil> council = ScratchCouncil::Start(options, interrupted);
  if (!council.ok()) return council.status();
  const auto client = NewEd25519Signer();
  LiarCount count;
  count.liars = liars;
  for (int i = 1; i <= plan.rounds; ++i) {
    const std::string which = absl::StrCat("round ", i, " of ", plan.rounds, ": ");
    const auto still_waiting = [&](const std::string& waits_for) {
      say(absl::StrCat(which, waits_for.empty() ? "runs" : "waits: ", waits_for));
    };
    say(which + "asked");
    auto round = AskRound(*council, *client,
                          {plan.report.question, plan.timeout, still_waiting, interrupted});
    if (!round.ok()) return round.status();
    say(absl::StrCat(which, EndInWords(*round), " (", DurationText(absl::Seconds(round->seconds)),
                     ")"));
    count.rounds.push_back(*std::move(round));
  }
  absl::Status traces = LookForTraces(*council, plan.scratch.attack, interrupted, &count);
  if (!traces.ok()) return traces;
  return count;
}

}  // namespace

absl::Status Run(const Plan& plan, const Say& say, const Interrupted& interrupted,
                 Report* report) {
  for (int liars = 0; liars <= plan.most_liars; ++liars) {
    const auto say_which = [&](const std::string& line) {
      say(absl::StrCat(FormatCount(static_cast<uint64_t>(liars), "liar"), ": ", line));
    };
    auto count = TryLiars(plan, liars, say_which, interrupted);
    if (!count.ok()) return count.status();
    report->counts.push_back(*std::move(count));
  }
  return absl::OkStatus();
}

}  // namespace decentd::drill
