#include "tests/sim/disk.h"

#include <utility>

namespace decentd::sim {

void Disk::Replace(std::unique_ptr<MemStore> content) {
  content_ = std::move(content);
  pending_ = {};
}

absl::Status Disk::Finish() {
  const absl::Status status = WriteSynced(pending_);
  if (!absl::IsResourceExhausted(status)) pending_ = {};
  return status;
}

void Disk::Crash() {
  const WriteBatch batch = std::exchange(pending_, {});
  if (state_ == State::kGood && random_.Chance(500)) content_->WriteSynced(batch).IgnoreError();
}

absl::Status Disk::WriteSynced(const WriteBatch& batch) {
  switch (state_) {
    case State::kFull:
      return absl::ResourceExhaustedError("the disk is full");
    case State::kBroken:
      if (random_.Chance(500)) content_->WriteSynced(batch).IgnoreError();
      return absl::UnavailableError("the disk is broken");
    case State::kGood:
      break;
  }
  return content_->WriteSynced(batch);
}

}  // namespace decentd::sim
