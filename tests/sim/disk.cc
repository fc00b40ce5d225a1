#include "tests/sim/disk.h"

#include <utility>

namespace decentd::sim {

void Disk::Replace(Content content) {
  map_ = std::move(content);
  pending_ = {};
  bytes_ = 0;
  for (const auto& [key, value] : map_) bytes_ += key.size() + value.size();
}

absl::Status Disk::Finish() {
  const absl::Status status = WriteSynced(pending_);
  if (!absl::IsResourceExhausted(status)) pending_ = {};
  return status;
}

void Disk::Crash() {
  const WriteBatch batch = std::exchange(pending_, {});
  if (state_ == State::kGood && random_.Chance(500)) Apply(batch);
}

absl::Status Disk::WriteSynced(const WriteBatch& batch) {
  switch (state_) {
    case State::kFull:
      return absl::ResourceExhaustedError("the disk is full");
    case State::kBroken:
      if (random_.Chance(500)) Apply(batch);
      return absl::UnavailableError("the disk is broken");
    case State::kGood:
      break;
  }
  Apply(batch);
  return absl::OkStatus();
}

void Disk::Apply(const WriteBatch& batch) {
  const auto erase = [this](auto first, auto last) {
    for (auto it = first; it != last; ++it) bytes_ -= it->first.size() + it->second.size();
    map_.erase(first, last);
  };
  for (const WriteBatch::Operation& operation : batch.operations()) {
    switch (operation.type) {
      case WriteBatch::Operation::Type::kPut: {
        auto [it, added] = map_.try_emplace(operation.key);
        if (added) bytes_ += operation.key.size();
        bytes_ += operation.value.size() - it->second.size();
        it->second = operation.value;
        break;
      }
      case WriteBatch::Operation::Type::kDelete: {
        const auto it = map_.find(operation.key);
        if (it != map_.end()) erase(it, std::next(it));
        break;
      }
      case WriteBatch::Operation::Type::kDeleteRange: {
        const auto last =
            operation.value.empty() ? map_.end() : map_.lower_bound(operation.value);
        if (operation.value.empty() || operation.key < operation.value) {
          erase(map_.lower_bound(operation.key), last);
        }
        break;
      }
    }
  }
}

absl::StatusOr<std::string> Disk::Get(std::string_view key) const {
  const auto found = map_.find(key);
  if (found == map_.end()) return absl::NotFoundError("no such key");
  return found->second;
}

absl::Status Disk::Scan(
    std::string_view begin, std::string_view end, bool reverse,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  if (!end.empty() && begin >= end) return absl::OkStatus();
  const auto first = map_.lower_bound(begin);
  const auto last = end.empty() ? map_.end() : map_.lower_bound(end);
  if (reverse) {
    for (auto it = last; it != first;) {
      --it;
      if (!visit(it->first, it->second)) break;
    }
  } else {
    for (auto it = first; it != last; ++it) {
      if (!visit(it->first, it->second)) break;
    }
  }
  return absl::OkStatus();
}

}  // namespace decentd::sim
