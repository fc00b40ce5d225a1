// Reproducible randomness: the same seed gives the same numbers with every compiler and library,
// which the distributions of <random> do not promise. A value.
#pragma once

#include <cstdint>

namespace decentd::sim {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {  // SplitMix64
    uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  // In [0, n). REQUIRES: n > 0.
  uint64_t Below(uint64_t n) { return Next() % n; }
  int Index(int n) { return static_cast<int>(Below(static_cast<uint64_t>(n))); }
  // In [low, high].
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low + 1)));
  }
  bool Chance(int permille) { return static_cast<int>(Below(1000)) < permille; }
  // A stream of its own for one purpose, so that what one part of a run draws moves no other.
  Random Fork(uint64_t purpose) const {
    Random mixed(state_ ^ (purpose * 0xd1342543de82ef95ull + 0x2545f4914f6cdd1dull));
    return Random(mixed.Next());
  }

 private:
  uint64_t state_;
};

}  // namespace decentd::sim
