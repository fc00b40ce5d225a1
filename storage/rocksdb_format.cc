#include "storage/rocksdb_format.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rocksdb/db.h"
#include "storage/directory_lock.h"

namespace decentd::rocksdb_format {
namespace {

namespace fs = std::filesystem;

// What a start that was interrupted may have left before there was a database.
bool MayPrecedeADatabase(const std::string& name) {
  return name == kDirectoryLockName || name == "LOCK" || name == "IDENTITY" ||
         name == "lost+found" || absl::StartsWith(name, "LOG") ||
         absl::StartsWith(name, "MANIFEST-") || absl::EndsWith(name, ".dbtmp") ||
         absl::EndsWith(name, ".log");
}

absl::Status Foreign(const std::string& path, absl::string_view found) {
  return absl::FailedPreconditionError(absl::StrCat(
      path, " ", found,
      ": nothing in it was changed; give the path of an empty or missing directory, or of a "
      "database of this program"));
}

}  // namespace

std::string UserKey(std::string_view key) {
  std::string result;
  result.reserve(key.size() + 1);
  result.push_back(kUserPrefix);
  result.append(key);
  return result;
}

std::string UserEnd(std::string_view end) {
  return end.empty() ? std::string(1, kUserPrefixEnd) : UserKey(end);
}

absl::StatusOr<Found> Inspect(const RocksDbOptions& options, const rocksdb::Options& tuned) {
  const std::string& path = options.path;
  std::error_code error;
  if (!fs::exists(path, error)) return Found::kNothing;
  if (!fs::is_directory(path, error)) return Foreign(path, "is not a directory");
  if (!fs::exists(fs::path(path) / "CURRENT", error)) {
    fs::directory_iterator entries(path, error);
    if (error) {
      return absl::InternalError(absl::StrCat("cannot read ", path, ": ", error.message()));
    }
    for (const auto& entry : entries) {
      if (!MayPrecedeADatabase(entry.path().filename().string())) {
        return Foreign(
            path, absl::StrCat("holds other files, such as ", entry.path().filename().string()));
      }
    }
    return Found::kNothing;
  }
  // Read-only, so that a database of somebody else stays as it is.
  rocksdb::DB* raw = nullptr;
  rocksdb::Status status = rocksdb::DB::OpenForReadOnly(tuned, path, &raw);
  const std::unique_ptr<rocksdb::DB> database(raw);
  if (status.IsInvalidArgument()) {
    return Foreign(path, absl::StrCat("holds the RocksDB database of another program (",
                                      status.ToString(), ")"));
  }
  if (!status.ok()) return ToStatus(status, "open", path);
  std::string value;
  status = database->Get(rocksdb::ReadOptions(), kVersionKey, &value);
  if (status.IsNotFound()) {
    const std::unique_ptr<rocksdb::Iterator> any(database->NewIterator(rocksdb::ReadOptions()));
    any->SeekToFirst();
    if (any->Valid()) return Foreign(path, "holds the RocksDB database of another program");
    return any->status().ok() ? absl::StatusOr<Found>(Found::kNew)
                              : ToStatus(any->status(), "read", path);
  }
  if (!status.ok()) return ToStatus(status, "read the version of", path);
  uint32_t version = 0;
  if (!absl::SimpleAtoi(value, &version)) {
    return absl::DataLossError(absl::StrCat("the version of the database ", path,
                                            " cannot be read: restore it from a copy"));
  }
  const uint32_t newest = std::max(options.format_version, options.raised_format_version);
  if (version > newest || version < options.oldest_format_version) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the database ", path, " has format version ", version, " and this program reads ",
        options.oldest_format_version == newest
            ? "version "
            : absl::StrCat("versions ", options.oldest_format_version, " to "),
        newest, ": start the ",
        version > newest ? "newer program that wrote it"
                                         : "older program that wrote it, or one in between",
        ", or give this one another directory; nothing in it was changed"));
  }
  return Found::kOurs;
}

absl::Status ToStatus(const rocksdb::Status& status, absl::string_view doing,
                      const std::string& path) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsNoSpace()) {
    const bool at_start = doing == "open" || doing == "create";
    return absl::ResourceExhaustedError(absl::StrCat(
        "the disk of the database ", path, " is full: free space, and ",
        at_start ? "start again (" : "writing goes on by itself (", status.ToString(), ")"));
  }
  const std::string text =
      absl::StrCat("cannot ", doing, " the database ", path, ": ", status.ToString());
  if (status.IsCorruption()) {
    return absl::DataLossError(absl::StrCat(
        text,
        ": check the disk and restore the directory from a copy; a node that lost what it "
        "said must return as the manual describes for a lost database"));
  }
  return absl::InternalError(text);
}

}  // namespace decentd::rocksdb_format
