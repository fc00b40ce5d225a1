// What one honest node of a binary agreement of four has heard and said, packed into words, so that
// millions of such states can be told apart. Three nodes are honest, the fourth lies. Senders are
// numbered as the node sees them: itself, the next honest one, the one after that, the liar. Values.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "node/core/message.h"

namespace decentd::explore {

inline constexpr int kHonest = 3, kLiar = 3, kSenders = 4;
// Waits and hints begin with the round after these (docs/SPEC.md, section 5).
inline constexpr uint32_t kMostRounds = 3;

// What may reach a node: the votes of each sender (of an honest one what it said, of the liar
// anything) and two things of its own.
class Heard {
 public:
  Heard() = default;
  explicit Heard(uint64_t bits) : bits_(bits) {}

  bool Est(int sender, uint32_t round, bool value) const { return bits_ >> EstBit(sender, round, value) & 1; }
  ValueMask Aux(int sender, uint32_t round) const { return bits_ >> AuxBit(sender, round) & 3; }
  // 0: nothing; 1: decided 0; 2: decided 1.
  ValueMask Decided(int sender) const { return bits_ >> DecidedBit(sender) & 3; }
  bool certificate() const { return bits_ >> 56 & 1; }
  bool input() const { return bits_ >> 57 & 1; }

  // With each EST that can make no difference any more, because its value is in bin.
  Heard Saturated() const;
  // Notes which values are in bin by EST: they stay there, although AUX that comes later can take
  // the place of the DECIDED that was counted as EST.
  void NoteBin();
  // As the code counts: DECIDED stands for EST of a sender without AUX.
  int EstCount(uint32_t round, bool value) const;

  void AddEst(int sender, uint32_t round, bool value) { bits_ |= One(EstBit(sender, round, value)); }
  void AddAux(int sender, uint32_t round, ValueMask values) { bits_ |= uint64_t{values} << AuxBit(sender, round); }
  void AddDecided(int sender, ValueMask value) { bits_ |= uint64_t{value} << DecidedBit(sender); }
  void AddCertificate() { bits_ |= One(56); }
  void AddInput() { bits_ |= One(57); }

  // All that the other heard, this one heard too.
  bool Includes(const Heard& other) const {
    // Values of AUX and DECIDED take two bits: either all of a value or nothing of it.
    constexpr uint64_t kLower = 0x0055'5500'5500'5500;
    const uint64_t lower = (other.bits_ | other.bits_ >> 1) & kLower;
    const uint64_t held = other.bits_ | lower | lower << 1;
    return (bits_ & held) == other.bits_;
  }

  uint64_t bits() const { return bits_; }
  friend auto operator<=>(const Heard&, const Heard&) = default;
  template <class H>
  friend H AbslHashValue(H h, const Heard& heard) {
    return H::combine(std::move(h), heard.bits_);
  }

 private:
  static constexpr uint64_t One(int bit) { return uint64_t{1} << bit; }
  static int EstBit(int sender, uint32_t round, bool value) {
    return 16 * static_cast<int>(round - 1) + 2 * sender + value;
  }
  static int AuxBit(int sender, uint32_t round) {
    return 16 * static_cast<int>(round - 1) + 8 + 2 * sender;
  }
  static int DecidedBit(int sender) { return 48 + 2 * sender; }
  static int BinBit(uint32_t round, bool value) { return 56 + 2 * static_cast<int>(round) + value; }
  bool Bin(uint32_t round, bool value) const { return bits_ >> BinBit(round, value) & 1; }

  uint64_t bits_ = 0;
};

// What a node has said. Rounds up to one beyond those that are explored.
class Said {
 public:
  bool Est(uint32_t round, bool value) const { return bits_ >> (2 * (round - 1) + value) & 1; }
  ValueMask Aux(uint32_t round) const { return bits_ >> (8 + 2 * (round - 1)) & 3; }
  ValueMask Decided() const { return bits_ >> 16 & 3; }
  // False when the vote was said before.
  bool Add(const Vote& vote);
  bool Began(uint32_t round) const { return Est(round, false) || Est(round, true); }

  uint32_t bits() const { return bits_; }
  friend auto operator<=>(const Said&, const Said&) = default;
  template <class H>
  friend H AbslHashValue(H h, const Said& said) {
    return H::combine(std::move(h), said.bits_);
  }

 private:
  uint32_t bits_ = 0;
};

// Adds what a sender said, up to this round, to what may be heard.
void AddSaid(const Said& said, int sender, uint32_t last, Heard& sent);

std::string Name(const Vote& vote);

// In words, what the second has and the first has not: "EST[1](0) of Z, AUX[1]{0,1} of L". `names`
// has a letter for each sender.
std::string News(const Heard& before, const Heard& after, const std::string& names);
std::string News(const Said& before, const Said& after);

}  // namespace decentd::explore
