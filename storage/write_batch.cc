#include <iterator>
#include <utility>

#include "storage/store.h"

namespace decentd {

void WriteBatch::Put(std::string key, std::string value) {
  bytes_ += key.size() + value.size();
  operations_.push_back({Operation::Type::kPut, std::move(key), std::move(value)});
}

void WriteBatch::Delete(std::string key) {
  bytes_ += key.size();
  operations_.push_back({Operation::Type::kDelete, std::move(key), ""});
}

void WriteBatch::DeleteRange(std::string begin, std::string end) {
  bytes_ += begin.size() + end.size();
  operations_.push_back({Operation::Type::kDeleteRange, std::move(begin), std::move(end)});
}

void WriteBatch::Append(WriteBatch other) {
  bytes_ += other.bytes_;
  operations_.insert(operations_.end(), std::make_move_iterator(other.operations_.begin()),
                     std::make_move_iterator(other.operations_.end()));
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    const auto last = static_cast<unsigned char>(end.back());
    if (last != 0xff) {
      end.back() = static_cast<char>(last + 1);
      return end;
    }
    end.pop_back();
  }
  return end;
}

}  // namespace decentd
