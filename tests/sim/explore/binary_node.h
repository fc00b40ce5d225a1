// All that one honest node of a binary agreement of four can come to, by the real BinaryAgreement:
// its states, told apart by what it has heard and said, and the steps between them.
//
// A step is the least that has to arrive until the node says something new. To deliver less in a
// step leads nowhere, and what is not delivered yet can be delivered later, so nothing that the node
// can be brought to say is lost by delivering no more (docs/TESTING.md). For the same reason
//  - of votes that count alike the node's own is taken first, then the others' in order, then the
//    liar's,
//  - EST that comes when bin holds its value is told apart from none,
//  - AUX of another round than the node's waits: by then the node has said what let it come there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "node/core/binary_agreement.h"
#include "tests/sim/explore/binary_words.h"

namespace decentd::explore {

// One thing that may arrive.
struct BinaryWord {
  enum class Type : uint8_t { kCertificate, kInput, kEst, kAux, kDecided } type;
  uint8_t sender = 0;
  uint8_t round = 0;
  ValueMask values = 0;
};

struct BinaryState {
  Heard heard;
  Said said;
  BinaryAgreement code;
  std::vector<BinaryWord> path;  // one of those that lead here
  // A vote that it may say once was said twice; the vote in words.
  std::string twice;
};

class BinaryNode {
 public:
  using Id = uint32_t;

  // `first` and `last`: the rounds that are explored, up to kMostRounds. `reduce`: false delivers
  // their votes in every order, to compare with.
  BinaryNode(const Roster& roster, uint32_t first, uint32_t last, bool reduce);

  Id first() const { return 0; }
  const BinaryState& state(Id id) const { return states_[id]; }
  size_t size() const { return states_.size(); }

  // Where these words lead from there, whatever is said on the way.
  Id Follow(Id from, const std::vector<BinaryWord>& words);

  // The same state with the other two honest nodes in each other's place.
  Id Mirror(Id id);

  // The states that one step leads to. `sent` is what honest nodes have sent it so far;
  // `certificate`: it may be shown the slot's.
  const std::vector<Id>& Steps(Id id, const Heard& sent, bool certificate);
  // Nothing more comes of it, although all of `sent` arrives, in the order that helps least, its
  // deadline passes, and, where `certificate`, that is relayed.
  bool Waits(Id id, const Heard& sent, bool certificate);

 private:
  struct Key {
    Id id;
    uint64_t sent;
    bool certificate;
    friend bool operator==(const Key&, const Key&) = default;
    template <class H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.id, key.sent, key.certificate);
    }
  };
  using Word = BinaryWord;

  Id Intern(BinaryState state);
  std::vector<Word> Menu(const BinaryState& state, const Heard& sent, bool certificate) const;
  // True when the node says something.
  static bool Deliver(const Word& word, BinaryState& state);
  bool Silent(BinaryState state, const Heard& sent, bool certificate, bool decided_first) const;

  const uint32_t first_round_, last_round_;
  const bool reduce_;
  const BinaryAgreement fresh_;
  std::vector<BinaryState> states_;
  absl::flat_hash_map<std::pair<uint64_t, uint32_t>, Id> ids_;
  absl::flat_hash_map<Key, std::vector<Id>> steps_;
  absl::flat_hash_map<Key, bool> waits_;
  std::vector<std::optional<Id>> mirrors_;
};

}  // namespace decentd::explore
