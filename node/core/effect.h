// What the core wants done after a step. The order in which the runtime does it is the contract:
// make the accepted events and the own statements durable, then send, then start models and timers
// and tell clients (docs/SPEC.md, section 11). Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "node/core/fault.h"
#include "node/core/ids.h"
#include "node/core/message.h"

namespace decentd {

enum class TimerType : uint8_t {
  kSoftDeadline = 1,  // of a phase; its clock counts only while n-f nodes can be reached
  kHardDeadline = 2,  // likewise
  kAbsent = 3,        // silence of the missing authors, likewise
  kHintWait = 4,      // binary agreement, before AUX
  kAuxWait = 5,       // binary agreement, after AUX
};

struct TimerKey {
  TimerType type = TimerType::kSoftDeadline;
  Slot slot;            // author 0 for the timers of a phase
  uint32_t number = 0;  // binary round, or generation of an absence
  friend auto operator<=>(const TimerKey&, const TimerKey&) = default;
};

struct TimerRequest {
  TimerKey key;
  uint32_t wait_ms = 0;
};

// A statement to sign and to feed back; Votes come from Flush only.
using Statement = std::variant<Sponsor, Propose, Votes, Decision>;

// For clients that watch the round.
struct Notice {
  enum class Type : uint8_t {
    kAdmitted = 1, kAnswerReceived = 2, kAnswerCertified = 3, kSheetReceived = 4,
    kSheetCertified = 5, kPhaseStarted = 6, kPhaseClosed = 7, kDecided = 8, kCertified = 9,
    kFailed = 10, kGivenUp = 11
  } type = Type::kAdmitted;
  Phase phase = Phase::kAnswer;
  std::optional<NodeIndex> node{};  // author of the answer or sheet
  bool abstained = false;
  std::string detail{};
  Closed closed = Closed::kNone;
};

struct Blame {
  NodeIndex author;
  FaultKind kind;
};

// Effects of one round.
struct Effects {
  bool accepted = false;  // the event changed the round: journal it
  std::vector<Statement> say;
  std::vector<Vote> votes;  // gathered by the round until Flush; never seen outside the core
  std::vector<TimerRequest> timers;
  std::vector<Evidence> evidence;
  std::vector<Blame> blames;
  std::vector<Notice> notices;
  bool start_answer = false;         // ask the answering model
  bool start_sheet = false;          // ask the judging model about the agreed answers
  std::vector<NodeIndex> prepare;    // certified answers that a judge may start on
  bool stop_models = false;          // nobody waits for this node's models any more
  bool finished = false;             // q equal Decisions and all of the bundle are held
  std::string halt;                  // why this node must stop voting, or empty
};

}  // namespace decentd
