// What nodes say, as plain values (docs/SPEC.md, sections 2 to 9). Bytes are the codec's business.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "crypto/signer.h"
#include "node/core/ids.h"

namespace decentd {

enum class Kind : uint8_t {
  kQuery = 1,
  kSponsor = 2,
  kPropose = 3,
  kVotes = 4,
  kDecision = 5,
  kHeartbeat = 6
};

// Author of an envelope that a client signed; the key is in the Query.
inline constexpr uint32_t kClientAuthor = 0xFFFFFFFF;

struct Envelope {
  Kind kind = Kind::kVotes;
  uint32_t author = 0;
  std::string body;  // the exact bytes that were signed
  std::string signature;
};

struct ChatMessage {
  std::string role;
  std::string content;
};

struct Sampling {
  std::optional<uint32_t> max_tokens;
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<int64_t> seed;
  std::vector<std::string> stop;
  std::string response_format;  // JSON text, or empty
};

struct Query {
  PublicKey client_key;
  std::vector<ChatMessage> messages;
  Sampling sampling;
  uint32_t answer_soft_ms = 0, answer_hard_ms = 0;  // 0 = the roster's
  uint32_t sheet_soft_ms = 0, sheet_hard_ms = 0;
  std::string nonce;
  int64_t expiry_unix_ms = 0;
  uint32_t committee = 0;  // members of each panel that take part; 0 = all
};

struct Sponsor {
  RoundId round;
};

enum class AbstainReason : uint8_t {
  kModelFailed = 1,
  kModelTimedOut = 2,
  kReplyUnusable = 3,
  kOverBudget = 4,
  kNotConfigured = 5,
  kShuttingDown = 6
};

// For metrics and programs: "failed", "timed_out", "unusable", ...
constexpr std::string_view AbstainReasonName(AbstainReason reason) {
  switch (reason) {
    case AbstainReason::kModelTimedOut:
      return "timed_out";
    case AbstainReason::kReplyUnusable:
      return "unusable";
    case AbstainReason::kOverBudget:
      return "over_budget";
    case AbstainReason::kNotConfigured:
      return "not_configured";
    case AbstainReason::kShuttingDown:
      return "shutting_down";
    case AbstainReason::kModelFailed:
      break;
  }
  return "failed";
}

struct Usage {  // absent = unknown, never zero
  std::optional<uint64_t> prompt_tokens, completion_tokens, cost_micro_usd, elapsed_ms;
};

struct Answer {
  std::string text;
  std::string model;
  std::string finish_reason;
  Usage usage;
};

struct SheetEntry {
  NodeIndex author;
  std::vector<uint32_t> scores;  // milli-points, one per criterion
};

struct Sheet {
  Digest answers;                   // H(A)
  std::vector<SheetEntry> entries;  // ascending by author
  std::string scorer;
  Usage usage;
};

struct Abstain {
  AbstainReason reason = AbstainReason::kModelFailed;
  std::string detail;
};

using Payload = std::variant<Answer, Sheet, Abstain>;

struct Propose {
  RoundId round;
  Phase phase = Phase::kAnswer;
  Payload payload;
  bool usable() const { return !std::holds_alternative<Abstain>(payload); }
};

// Sets of binary values as masks: 1 = {0}, 2 = {1}, 3 = both.
using ValueMask = uint8_t;

namespace vote {
struct Enter {
  Phase phase;
};
struct Echo {
  Slot slot;
  Digest digest;
};
struct Est {
  Slot slot;
  uint32_t round;
  bool value;
};
struct Aux {
  Slot slot;
  uint32_t round;
  ValueMask values;
};
struct Hint {
  Slot slot;
  uint32_t round;
  bool value;
};
struct Decided {
  Slot slot;
  bool value;
};
}  // namespace vote
using Vote = std::variant<vote::Enter, vote::Echo, vote::Est, vote::Aux, vote::Hint, vote::Decided>;

// Everything a node has to say in a round after one batch of input.
struct Votes {
  RoundId round;
  uint64_t seq = 0;  // 0, 1, 2, ... for each author and round
  std::vector<Vote> votes;
};

enum class Closed : uint8_t { kNone = 0, kSoft = 1, kAbsent = 2, kHard = 3 };

struct Decision {
  RoundId round;
  std::string verdict;  // canonical bytes, node/core/verdict.h
  Closed closed_answers = Closed::kNone;
  Closed closed_sheets = Closed::kNone;
};

struct Heartbeat {
  uint64_t boot = 0;
  uint64_t counter = 0;
};

// Two envelopes signed by one author that no honest node signs both of.
struct Evidence {
  enum class Type : uint8_t { kProposals = 1, kVotes = 2, kEchoes = 3 } type = Type::kProposals;
  NodeIndex author;
  std::shared_ptr<const Envelope> first, second;
};

}  // namespace decentd
