// What decentctl's exit status tells a script. Stable: a number never changes its meaning.
#pragma once

#include <array>
#include <string_view>

namespace decentd {

enum class ExitCode : int {
  kOk = 0,                // done; for a round: decided; for a proof: valid
  kError = 1,             // a local failure: a file, the disk, a bug
  kFailedAsAgreed = 2,    // the council agreed that the round has no winner
  kTimedOut = 3,          // no result within the time asked for; the round may still end
  kRefused = 4,           // the node said no: budget, expiry, client key not allowed
  kUnreachable = 5,       // no node answered
  kProofInvalid = 6,      // a proof that does not hold
  kNotAuthenticated = 7,  // a proof that holds in itself, but no trusted roster vouches for it
  kNotFound = 8,          // the node knows no such round, peer or evidence
  kGivenUp = 9,           // every node that was asked gave the round up undecided
  kWinnerFell = 10,       // a drill: liars that the roster promises to withstand moved the winner
  kUsage = 64,            // the command line is wrong
  kConfiguration = 78,    // a configuration file, roster, card or key is wrong
};

struct ExitCodeMeaning {
  ExitCode code;
  std::string_view meaning;
};

// For `decentctl --help`.
inline constexpr std::array<ExitCodeMeaning, 13> kExitCodeMeanings = {{
    {ExitCode::kOk, "done; the round was decided; the proof is valid"},
    {ExitCode::kError, "local failure (file, disk, internal error)"},
    {ExitCode::kFailedAsAgreed,
     "the council agreed that the round failed (too few answers or sheets)"},
    {ExitCode::kTimedOut, "timed out; the round may still end"},
    {ExitCode::kRefused, "refused by the node (budget, expiry, client key not allowed)"},
    {ExitCode::kUnreachable, "no node could be reached"},
    {ExitCode::kProofInvalid, "the proof is invalid"},
    {ExitCode::kNotAuthenticated,
     "the proof is consistent in itself, but not authenticated by a roster"},
    {ExitCode::kNotFound, "no such round, peer or evidence"},
    {ExitCode::kGivenUp, "given up undecided by every node that was asked"},
    {ExitCode::kWinnerFell,
     "the drill's winner did not stand against as many liars as the roster promises"},
    {ExitCode::kUsage, "wrong usage"},
    {ExitCode::kConfiguration, "wrong configuration file, roster, card or key"},
}};

}  // namespace decentd
