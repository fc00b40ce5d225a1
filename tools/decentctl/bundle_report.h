// A round whose proof was checked, told to people and to programs.
#pragma once

#include <string>

#include "nlohmann/json.hpp"
#include "node/proof/verify.h"
#include "tools/decentctl/exit_codes.h"

namespace decentd {

// The winning answer's text as the model wrote it, or null where the round failed as agreed.
const std::string* WinningText(const CheckedBundle& bundle);

// Outcome, ranking, who abstained or is missing and why, how the phases closed, how firm the
// outcome is, who signed it, and what was checked. Safe to print on a terminal.
std::string DescribeRound(const CheckedBundle& bundle);
// The ranking alone. REQUIRES: decided.
std::string DescribeRanking(const CheckedBundle& bundle);
// The checks, one line each.
std::string DescribeChecks(const CheckedBundle& bundle);
// In one sentence what "verified" means here, or why the word is not used.
std::string DescribeTrust(const CheckedBundle& bundle);
// How many sheets would have to lie. `counted` = sheets that were counted.
std::string FlipMarginInWords(int flip_margin, int counted, int faulty_evaluators);

// All of it as one JSON object; texts unchanged.
nlohmann::ordered_json RoundAsJson(const CheckedBundle& bundle);
// Writes one document, also where a text is not UTF-8.
std::string DumpJson(const nlohmann::ordered_json& document);

// kOk, kFailedAsAgreed, or kNotAuthenticated where no trusted roster vouches for it.
ExitCode ExitCodeOf(const CheckedBundle& bundle);

}  // namespace decentd
