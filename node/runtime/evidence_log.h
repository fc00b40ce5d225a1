// The evidence in the store, within a bound for each author: a few proofs convict, and a liar makes
// new ones in every round (docs/SPEC.md, sections 4 and 12). Keeps the keys in memory and the bytes
// in the store. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "crypto/digest.h"
#include "node/core/ids.h"
#include "node/core/message.h"
#include "storage/store.h"

namespace decentd {

class EvidenceLog {
 public:
  // DATA_LOSS where the store holds what this class does not write.
  static absl::StatusOr<EvidenceLog> Open(const Store& store);

  // Found now. Where the author has too many, the earliest are discarded.
  void Add(const Evidence& evidence, const RoundId& round, int64_t now_unix_ms, WriteBatch* writes);
  uint64_t size() const;

 private:
  std::map<NodeIndex, std::set<std::pair<int64_t, Digest>>> by_author_;  // earliest first
};

}  // namespace decentd
