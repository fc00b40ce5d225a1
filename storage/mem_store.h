// A store in memory, for tests and simulations: what is written survives as long as the object,
// so a simulated node restarts on the same one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "storage/store.h"

namespace decentd {

class MemStore final : public Store {
 public:
  MemStore() = default;

  absl::Status WriteSynced(const WriteBatch& batch) override;
  absl::StatusOr<std::string> Get(std::string_view key) const override;
  absl::Status Scan(
      std::string_view begin, std::string_view end, bool reverse,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  uint64_t ApproximateBytes() const override;

  // The next `times` writes fail with this error and change nothing. REQUIRES: !error.ok().
  void FailNextWrites(absl::Status error, int times = 1);
  // Called before each write, without a lock; an error fails the write, which changes nothing.
  // Null to take it away.
  void SetWriteHook(std::function<absl::Status(const WriteBatch&)> hook);
  // Batches applied so far.
  uint64_t writes() const;
  // Another store with the same content, as of a disk that was copied.
  std::unique_ptr<MemStore> Clone() const;

 private:
  using Map = std::map<std::string, std::string, std::less<>>;

  std::shared_ptr<const Map> Snapshot() const;

  mutable std::mutex mutex_;
  // Replaced, not changed, while a scan holds it.
  std::shared_ptr<Map> map_ = std::make_shared<Map>();
  absl::Status next_error_;
  int failures_left_ = 0;
  std::function<absl::Status(const WriteBatch&)> hook_;
  uint64_t writes_ = 0;
};

}  // namespace decentd
