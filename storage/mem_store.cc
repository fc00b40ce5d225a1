#include "storage/mem_store.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace decentd {

absl::Status MemStore::WriteSynced(const WriteBatch& batch) {
  std::function<absl::Status(const WriteBatch&)> hook;
  {
    std::lock_guard lock(mutex_);
    if (failures_left_ > 0) {
      --failures_left_;
      return next_error_;
    }
    hook = hook_;
  }
  if (hook) {
    if (absl::Status status = hook(batch); !status.ok()) return status;
  }
  std::lock_guard lock(mutex_);
  if (map_.use_count() > 1) map_ = std::make_shared<Map>(*map_);
  for (const WriteBatch::Operation& operation : batch.operations()) {
    switch (operation.type) {
      case WriteBatch::Operation::Type::kPut:
        map_->insert_or_assign(operation.key, operation.value);
        break;
      case WriteBatch::Operation::Type::kDelete:
        map_->erase(operation.key);
        break;
      case WriteBatch::Operation::Type::kDeleteRange:
        if (operation.value.empty()) {
          map_->erase(map_->lower_bound(operation.key), map_->end());
        } else if (operation.key < operation.value) {
          map_->erase(map_->lower_bound(operation.key), map_->lower_bound(operation.value));
        }
        break;
    }
  }
  ++writes_;
  return absl::OkStatus();
}

absl::StatusOr<std::string> MemStore::Get(std::string_view key) const {
  std::lock_guard lock(mutex_);
  const auto found = map_->find(key);
  if (found == map_->end()) {
    return absl::NotFoundError(
        absl::StrCat("no key ", absl::CHexEscape(absl::string_view(key.data(), key.size()))));
  }
  return found->second;
}

absl::Status MemStore::Scan(
    std::string_view begin, std::string_view end, bool reverse,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  if (!end.empty() && begin >= end) return absl::OkStatus();
  std::shared_ptr<const Map> map = Snapshot();
  // Given back under the lock: a writer that finds itself alone with the map then knows that what
  // was read here is over.
  const auto give_back = absl::MakeCleanup([&] {
    std::lock_guard lock(mutex_);
    map.reset();
  });
  const auto first = map->lower_bound(begin);
  const auto last = end.empty() ? map->end() : map->lower_bound(end);
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

uint64_t MemStore::ApproximateBytes() const { return 0; }

void MemStore::FailNextWrites(absl::Status error, int times) {
  std::lock_guard lock(mutex_);
  next_error_ = std::move(error);
  failures_left_ = times;
}

void MemStore::SetWriteHook(std::function<absl::Status(const WriteBatch&)> hook) {
  std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

uint64_t MemStore::writes() const {
  std::lock_guard lock(mutex_);
  return writes_;
}

std::unique_ptr<MemStore> MemStore::Clone() const {
  auto clone = std::make_unique<MemStore>();
  std::lock_guard lock(mutex_);
  *clone->map_ = *map_;
  return clone;
}

std::shared_ptr<const MemStore::Map> MemStore::Snapshot() const {
  std::lock_guard lock(mutex_);
  return map_;
}

}  // namespace decentd
