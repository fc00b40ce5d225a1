// What one honest node of a set agreement of four has heard and said, packed into words. Senders as
// in binary_words.h; slots by place: that of the liar last. Values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <utility>

#include "tests/sim/explore/binary_words.h"

namespace decentd::explore {

inline constexpr int kMostSlots = 2;
// Proposals of one slot: 1 is A, 2 is B; 0 none. Only the liar makes both.
inline constexpr ValueMask kA = 1, kB = 2;
// Of a mask of senders.
constexpr uint8_t SenderBit(int sender) { return static_cast<uint8_t>(1u << sender); }

// Of one slot's broadcast, in fields of two bits: whose echo of what was heard, and where the code
// has come with it.
class BroadcastHeard {
 public:
  ValueMask Echo(int sender) const { return Field(sender); }
  ValueMask first() const { return Field(4); }      // the proposal held first
  ValueMask certified() const { return Field(5); }
  ValueMask payload() const { return Field(6); }    // held of what is certified

  void SetEcho(int sender, ValueMask digest) { Set(sender, digest); }
  void SetFirst(ValueMask digest) { Set(4, digest); }
  void SetCertified(ValueMask digest) { Set(5, digest); }
  void SetPayload(ValueMask digest) { Set(6, digest); }
  void ForgetEchoes() { bits_ &= 0xFF00; }

  bool Includes(const BroadcastHeard& other) const {
    const unsigned lower = (other.bits_ | other.bits_ >> 1) & 0x5555u;
    return (bits_ & (lower | lower << 1)) == other.bits_;
  }
  uint16_t bits() const { return bits_; }
  friend bool operator==(const BroadcastHeard&, const BroadcastHeard&) = default;

 private:
  ValueMask Field(int i) const { return bits_ >> 2 * i & 3; }
  void Set(int i, ValueMask value) {
    bits_ = static_cast<uint16_t>((bits_ & ~(3u << 2 * i)) | unsigned{value} << 2 * i);
  }
  uint16_t bits_ = 0;
};

// The phase's clock at one node.
struct ClockHeard {
  uint8_t entered_by = 0;  // a mask of senders
  bool joined = false, started = false, soft = false, hard = false;
  bool Includes(const ClockHeard& other) const {
    return (entered_by & other.entered_by) == other.entered_by && joined >= other.joined &&
           started >= other.started && soft >= other.soft && hard >= other.hard;
  }
  uint16_t bits() const {
    return static_cast<uint16_t>(entered_by | joined << 4 | started << 5 | soft << 6 | hard << 7);
  }
  friend bool operator==(const ClockHeard&, const ClockHeard&) = default;
};

struct SetHeard {
  std::array<Heard, kMostSlots> votes;
  std::array<BroadcastHeard, kMostSlots> broadcasts;
  ClockHeard clock;

  // Without what can make no difference any more: echoes of a slot that is certified, ENTER once
  // the deadlines run. Of votes see Heard::Saturated.
  SetHeard Reduced() const;
  bool Includes(const SetHeard& other) const;

  friend bool operator==(const SetHeard&, const SetHeard&) = default;
  template <class H>
  friend H AbslHashValue(H h, const SetHeard& heard) {
    for (int slot = 0; slot < kMostSlots; ++slot) {
      const auto at = static_cast<size_t>(slot);
      h = H::combine(std::move(h), heard.votes[at], heard.broadcasts[at].bits());
    }
    return H::combine(std::move(h), heard.clock.bits());
  }
};

class SetSaid {
 public:
  const Said& votes(int slot) const { return votes_[static_cast<size_t>(slot)]; }
  ValueMask echo(int slot) const { return echoes_[static_cast<size_t>(slot)]; }
  bool entered() const { return entered_; }

  // False when it was said before, or, of an echo, something else in its place.
  bool Add(int slot, const Vote& vote);
  bool AddEcho(int slot, ValueMask digest);
  bool AddEnter() { return !std::exchange(entered_, true); }

  uint64_t bits() const;
  friend bool operator==(const SetSaid&, const SetSaid&) = default;
  template <class H>
  friend H AbslHashValue(H h, const SetSaid& said) {
    return H::combine(std::move(h), said.bits());
  }

 private:
  std::array<Said, kMostSlots> votes_;
  std::array<ValueMask, kMostSlots> echoes_{};
  bool entered_ = false;
};

// How words are told: whose slot is at which place, who is which sender, and whether A and B have
// changed names.
struct SetNames {
  std::string slots;
  std::string senders;
  bool swapped = false;
};
std::string News(const SetHeard& before, const SetHeard& after, const SetNames& names);
std::string News(const SetSaid& before, const SetSaid& after, const SetNames& names);

}  // namespace decentd::explore
