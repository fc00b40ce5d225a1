// A part of a store as a store of its own: every key lies behind one prefix. Thread-safe, as the
// store is, which outlives it.
#pragma once

#include <string>

#include "storage/store.h"

namespace decentd {

class Keyspace final : public Store {
 public:
  // An empty prefix is the whole store.
  Keyspace(Store& whole, std::string prefix);

  absl::Status WriteSynced(const WriteBatch& batch) override;
  absl::StatusOr<std::string> Get(std::string_view key) const override;
  absl::Status Scan(
      std::string_view begin, std::string_view end, bool reverse,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  // Of the whole store.
  uint64_t ApproximateBytes() const override { return whole_.ApproximateBytes(); }

  // The same changes as the whole store would make them, for a batch that reaches further.
  WriteBatch InWhole(const WriteBatch& batch) const;

 private:
  std::string End(std::string_view end) const;

  Store& whole_;
  const std::string prefix_;
};

}  // namespace decentd
