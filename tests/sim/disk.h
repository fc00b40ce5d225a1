// A node's disk under the contract of storage/store.h, with the faults that the contract allows: a
// write takes time; a crash on the way leaves all of the batch or nothing; a full disk refuses and
// changes nothing; a broken one fails and leaves open whether the batch is there after a restart.
// What a store does with bytes torn inside a batch is its own business (tests/contract).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "storage/mem_store.h"
#include "tests/sim/random.h"

namespace decentd::sim {

class Disk final : public Store {
 public:
  enum class State { kGood, kFull, kBroken };

  explicit Disk(Random random) : random_(random) {}

  // What is durable; Replace puts another disk, or a copy, in its place.
  std::unique_ptr<MemStore> Copy() const { return content_->Clone(); }
  void Replace(std::unique_ptr<MemStore> content);

  void set_state(State state) { state_ = state; }
  State state() const { return state_; }

  // A write in two parts, for a driver whose syncs take time: between them a crash is possible.
  void Begin(WriteBatch batch) { pending_ = std::move(batch); }
  // After RESOURCE_EXHAUSTED it may be called again.
  absl::Status Finish();
  // The machine stops: by chance the write under way is there afterwards, or is not.
  void Crash();

  absl::Status WriteSynced(const WriteBatch& batch) override;
  absl::StatusOr<std::string> Get(std::string_view key) const override {
    return content_->Get(key);
  }
  absl::Status Scan(
      std::string_view begin, std::string_view end, bool reverse,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return content_->Scan(begin, end, reverse, visit);
  }
  uint64_t ApproximateBytes() const override { return content_->ApproximateBytes(); }

 private:
  Random random_;
  State state_ = State::kGood;
  std::unique_ptr<MemStore> content_ = std::make_unique<MemStore>();
  WriteBatch pending_;
};

}  // namespace decentd::sim
