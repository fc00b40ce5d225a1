// Names of things in the protocol. Tagged, so that none is taken for another.
#pragma once

#include <bitset>
#include <compare>
#include <cstdint>

#include "crypto/digest.h"
#include "node/core/limits.h"

namespace decentd {

// Position of a node in the roster, 0 <= value < n.
struct NodeIndex {
  uint16_t value = 0;
  friend auto operator<=>(const NodeIndex&, const NodeIndex&) = default;
};

// SHA-256 of the body of the client's Query.
struct RoundId {
  Digest digest;
  friend auto operator<=>(const RoundId&, const RoundId&) = default;
  std::string Hex() const { return digest.Hex(); }
};

enum class Phase : uint8_t { kAnswer = 0, kSheet = 1 };

// One node's place for one payload in one phase of a round.
struct Slot {
  Phase phase = Phase::kAnswer;
  NodeIndex author;
  friend auto operator<=>(const Slot&, const Slot&) = default;
};

// A set of nodes. A value.
class NodeSet {
 public:
  bool Add(NodeIndex node) {  // true when it was not there
    if (bits_.test(node.value)) return false;
    bits_.set(node.value);
    return true;
  }
  void Remove(NodeIndex node) { bits_.reset(node.value); }
  bool Has(NodeIndex node) const { return bits_.test(node.value); }
  int Size() const { return static_cast<int>(bits_.count()); }
  bool Empty() const { return bits_.none(); }
  bool ContainsAll(const NodeSet& other) const { return (other.bits_ & ~bits_).none(); }
  friend NodeSet operator|(NodeSet a, const NodeSet& b) {
    a.bits_ |= b.bits_;
    return a;
  }
  friend NodeSet operator-(NodeSet a, const NodeSet& b) {
    a.bits_ &= ~b.bits_;
    return a;
  }
  friend bool operator==(const NodeSet&, const NodeSet&) = default;
  template <class Visit>
  void ForEach(Visit visit) const {  // in ascending order
    for (uint16_t i = 0; i < limits::kMaxNodes; ++i) {
      if (bits_.test(i)) visit(NodeIndex{i});
    }
  }

 private:
  std::bitset<limits::kMaxNodes> bits_;
};

}  // namespace decentd
