// Ordered bytes on disk: atomic batches, ordered scans, nothing about rounds. Two implementations,
// RocksDB and memory, pass the same contract tests (tests/contract).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace decentd {

// Changes applied together or not at all, in order. Move-only use is cheap.
class WriteBatch {
 public:
  struct Operation {
    enum class Type { kPut, kDelete, kDeleteRange } type;
    std::string key;    // first key of a range
    std::string value;  // of a put; first key past the end of a range
  };
  void Put(std::string key, std::string value);
  void Delete(std::string key);
  // Deletes every key in [begin, end); an empty end means no upper bound.
  void DeleteRange(std::string begin, std::string end);
  void Append(WriteBatch other);
  bool empty() const { return operations_.empty(); }
  size_t bytes() const { return bytes_; }
  const std::vector<Operation>& operations() const { return operations_; }

 private:
  std::vector<Operation> operations_;
  size_t bytes_ = 0;
};

// Thread-safe. Keys sort as unsigned bytes.
class Store {
 public:
  virtual ~Store() = default;

  // Applies the batch; on return it survives a crash of the process and of the machine.
  // RESOURCE_EXHAUSTED when the disk is full, then nothing of the batch is visible now or after a
  // restart, and a later call may succeed.
  virtual absl::Status WriteSynced(const WriteBatch& batch) = 0;

  // NOT_FOUND when there is no such key.
  virtual absl::StatusOr<std::string> Get(std::string_view key) const = 0;

  // Calls visit(key, value) in key order for keys in [begin, end) until it returns false; with
  // reverse, from the last key to the first. An empty end means no upper bound. Sees one snapshot.
  virtual absl::Status Scan(
      std::string_view begin, std::string_view end, bool reverse,
      const std::function<bool(std::string_view, std::string_view)>& visit) const = 0;

  // Bytes on disk, an estimate; 0 where unknown.
  virtual uint64_t ApproximateBytes() const = 0;
};

// The first key that sorts after every key with this prefix; empty when there is none.
std::string PrefixEnd(std::string_view prefix);

}  // namespace decentd
