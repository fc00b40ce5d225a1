// A node's card: the one line that its operator sends to the others to be put into the roster.
//
//   decentd-card/1/alice/<key>/host:port,host:port/worker+evaluator/owner=x/family=y/<sig>/<sum>
//
// Text without spaces, so that it survives mail and chat. The signature is the node's own over all
// before it (domain "card", cluster_id zero): nobody can enroll a key that they do not hold, nor
// change a card on its way. The checksum, the first 8 digits of the SHA-256 of all before it, tells
// a line that was cut or mistyped from a forged one. Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/signer.h"
#include "node/core/roster.h"

namespace decentd {

// The card of `node` under the signer's key; node.key is not looked at. INVALID_ARGUMENT names the
// field that is wrong: name, no or bad addresses, no role, labels.
absl::StatusOr<std::string> EncodeCard(const RosterNode& node, const Signer& signer);

// The node of one card. White space around and inside it is ignored: a card contains none, and
// mail breaks long lines. INVALID_ARGUMENT says whether it is no card, cut short, changed, of
// another version or not signed by its key. There is one text for a card: whatever parses encodes
// to the same line.
absl::StatusOr<RosterNode> ParseCard(std::string_view text);

// Every card of a text; lines that begin with '#' are comments. INVALID_ARGUMENT says which card
// is wrong, by its position.
absl::StatusOr<std::vector<RosterNode>> ParseCards(std::string_view text);

// Checks the fields of a node other than its key, by the same rules as a card.
absl::Status CheckNodeFields(const RosterNode& node);

}  // namespace decentd
