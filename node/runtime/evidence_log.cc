#include "node/runtime/evidence_log.h"

#include <string>

#include "node/codec/record_codec.h"
#include "node/core/limits.h"
#include "node/runtime/keys.h"

namespace decentd {

absl::StatusOr<EvidenceLog> EvidenceLog::Open(const Store& store) {
  EvidenceLog log;
  absl::Status damage;
  const absl::Status status = store.Scan(
      keys::kEvidence, PrefixEnd(keys::kEvidence), false,
      [&](std::string_view key, std::string_view value) {
        const auto digest = Digest::FromBytes(key.substr(keys::kEvidence.size()));
        const auto record = DecodeEvidence(value);
        if (!digest || !record.ok()) {
          damage = absl::DataLossError("stored evidence does not parse");
          return false;
        }
        log.by_author_[record->evidence.author].emplace(record->unix_ms, *digest);
        return true;
      });
  if (!status.ok()) return status;
  if (!damage.ok()) return damage;
  return log;
}

void EvidenceLog::Add(const Evidence& evidence, const RoundId& round, int64_t now_unix_ms,
                      WriteBatch* writes) {
  const auto key = [](const Digest& digest) {
    return std::string(keys::kEvidence) + std::string(digest.View());
  };
  std::string bytes = EncodeEvidence(evidence, round, now_unix_ms);
  const Digest digest = Sha256(bytes);
  writes->Put(key(digest), std::move(bytes));
  auto& held = by_author_[evidence.author];
  held.emplace(now_unix_ms, digest);
  while (held.size() > limits::kMaxEvidenceHeldPerAuthor) {
    writes->Delete(key(held.begin()->second));
    held.erase(held.begin());
  }
}

uint64_t EvidenceLog::size() const {
  uint64_t count = 0;
  for (const auto& [author, held] : by_author_) count += held.size();
  return count;
}

}  // namespace decentd
