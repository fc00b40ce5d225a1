#include "storage/keyspace.h"

#include <utility>

namespace decentd {

Keyspace::Keyspace(Store& whole, std::string prefix)
    : whole_(whole), prefix_(std::move(prefix)) {}

absl::Status Keyspace::WriteSynced(const WriteBatch& batch) {
  return prefix_.empty() ? whole_.WriteSynced(batch) : whole_.WriteSynced(InWhole(batch));
}

absl::StatusOr<std::string> Keyspace::Get(std::string_view key) const {
  return whole_.Get(prefix_ + std::string(key));
}

absl::Status Keyspace::Scan(
    std::string_view begin, std::string_view end, bool reverse,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  return whole_.Scan(prefix_ + std::string(begin), End(end), reverse,
                     [&](std::string_view key, std::string_view value) {
                       return visit(key.substr(prefix_.size()), value);
                     });
}

WriteBatch Keyspace::InWhole(const WriteBatch& batch) const {
  using Type = WriteBatch::Operation::Type;
  WriteBatch whole;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    std::string key = prefix_ + operation.key;
    switch (operation.type) {
      case Type::kPut:
        whole.Put(std::move(key), operation.value);
        break;
      case Type::kDelete:
        whole.Delete(std::move(key));
        break;
      case Type::kDeleteRange:
        whole.DeleteRange(std::move(key), End(operation.value));
        break;
    }
  }
  return whole;
}

// No upper bound ends where the keyspace does.
std::string Keyspace::End(std::string_view end) const {
  return end.empty() ? PrefixEnd(prefix_) : prefix_ + std::string(end);
}

}  // namespace decentd
