#include "storage/rocksdb_options.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "rocksdb/cache.h"
#include "rocksdb/convenience.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "rocksdb/utilities/table_properties_collectors.h"

namespace decentd {
namespace {

constexpr size_t kMiB = 1 << 20;

rocksdb::CompressionType Best(std::initializer_list<rocksdb::CompressionType> wanted) {
  const std::vector<rocksdb::CompressionType> linked = rocksdb::GetSupportedCompressions();
  for (const auto type : wanted) {
    if (std::find(linked.begin(), linked.end(), type) != linked.end()) return type;
  }
  return rocksdb::kNoCompression;
}

// In place of RocksDB's log file in the directory: writing to that one once the disk is full aborts
// the process where RocksDB is built with assertions, as Debian builds it.
class WarningLogger final : public rocksdb::Logger {
 public:
  explicit WarningLogger(std::function<void(const std::string&)> warn)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), warn_(std::move(warn)) {}

  using rocksdb::Logger::Logv;
  // RocksDB calls this for what is above the level, which it checks itself.
  void Logv(const char* format, va_list arguments) override {
    if (!warn_) return;
    std::array<char, 1024> line{};
    std::vsnprintf(line.data(), line.size(), format, arguments);
    warn_(line.data());
  }

 private:
  const std::function<void(const std::string&)> warn_;
};

}  // namespace

rocksdb::Options TunedRocksDbOptions(rocksdb::Env* environment,
                                     const std::function<void(const std::string&)>& warn) {
  rocksdb::Options options;
  options.env = environment;
  options.info_log = std::make_shared<WarningLogger>(warn);
  // The store reopens the database after a failure; RocksDB's own attempts would meet it halfway.
  options.max_bgerror_resume_count = 0;

  // A record that was cut short at the end of a log was never acknowledged and is dropped. Anything
  // else that is wrong in a log refuses to open: the modes that go on after a corruption would
  // silently forget what this node has said. (Damage to the length of a record in the last 32 KiB
  // of a log is the one kind that looks like a record cut short.)
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  // Everything is in the synced log; writing it once more would only slow the shutdown.
  options.avoid_flush_during_shutdown = true;

  // Memory: at most two write buffers and the cache, which also holds indexes and filters.
  options.write_buffer_size = 8 * kMiB;
  options.max_write_buffer_number = 2;
  options.max_open_files = 64;
  options.max_background_jobs = 2;
  options.max_file_opening_threads = 1;
  options.allow_mmap_reads = false;
  options.allow_mmap_writes = false;

  // Files small beside the disk: a node stores some GiB, and one compaction needs room for its own
  // input once more.
  options.target_file_size_base = 16 * kMiB;
  options.max_bytes_for_level_base = 64 * kMiB;
  options.level_compaction_dynamic_level_bytes = true;
  options.max_manifest_file_size = 4 * kMiB;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;

  // Bundles and journals are text and digests: text shrinks to a third.
  options.compression = Best({rocksdb::kLZ4Compression, rocksdb::kSnappyCompression});
  options.bottommost_compression = Best({rocksdb::kZSTD, options.compression});

  // Journals are deleted key by key when their round ends; a file full of such deletions is
  // compacted early, so that scans do not walk over them.
  options.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(1024, 512));

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(8 * kMiB);
  table.cache_index_and_filter_blocks = true;
  table.block_size = 16 * 1024;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace decentd
