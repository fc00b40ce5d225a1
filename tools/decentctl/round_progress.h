// What a watched round has come to, from its events. Pure: time and terminal are the caller's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "decentd/client/v1/client.pb.h"
#include "node/core/roster.h"

namespace decentd {

class RoundProgress {
 public:
  // `roster` names the nodes and outlives this; null: nodes have numbers only.
  explicit RoundProgress(const Roster* roster) : roster_(roster) {}

  void Apply(const client::v1::RoundEvent& event);
  // Another node tells the round from its start, as it saw it.
  void Restart() { *this = RoundProgress(roster_); }

  uint64_t last_seq() const { return last_seq_; }
  bool certified() const { return certified_; }
  // The node that tells of the round takes no further part in it.
  bool given_up() const { return given_up_; }

  // One line for an event ("ada answered"), or empty where it says nothing new to people.
  std::string Describe(const client::v1::RoundEvent& event) const;
  // The picture of now, a few lines, each at most `width` columns.
  std::vector<std::string> Picture(absl::Duration elapsed, size_t width) const;

  std::string NodeName(uint32_t index) const;

 private:
  enum class Slot { kMissing, kReceived, kCertified, kAbstained };
  struct PhaseState {
    bool started = false, closed = false;
    types::v1::Closed reason = types::v1::CLOSED_NONE;
    std::map<uint32_t, Slot> slots;
  };

  std::string PhaseLine(const char* title, Phase phase, const char* verb) const;

  const Roster* roster_;
  uint64_t last_seq_ = 0;
  PhaseState phases_[2];
  bool decided_ = false, failed_ = false, certified_ = false, given_up_ = false;
  std::string failure_;
};

// Why a phase closed, in words: "all arrived", "soft deadline", ...
std::string ClosedInWords(types::v1::Closed closed);

}  // namespace decentd
