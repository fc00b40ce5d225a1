#include "node/runtime/binding.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "absl/time/time.h"
#include "node/runtime/archive.h"
#include "node/runtime/keys.h"
#include "node/runtime/seat_table.h"
#include "storage/keyspace.h"

namespace decentd {
namespace {

constexpr std::string_view kWayOut =
    "Voting with it could contradict what this key signed before. Either put the right database "
    "back, or make a new key (decentctl init) and have the operators exchange it in the roster, or "
    "start once with --accept-lost-database: the node then sits out every question that may have "
    "been open before, and counts as down for those.";

struct Tie {
  std::string id;  // 32 hexadecimal digits
  uint64_t starts = 0;
  std::string Text() const { return id + " " + std::to_string(starts) + "\n"; }
};

std::optional<Tie> ParseTie(const std::string& text) {
  std::istringstream in(text);
  Tie tie;
  if (!(in >> tie.id >> tie.starts) || tie.id.size() != 32) return std::nullopt;
  return tie;
}

std::string RandomId() {
  unsigned char bytes[16];
  randombytes_buf(bytes, sizeof bytes);
  char hex[33];
  sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
  return hex;
}

absl::Status FileError(const std::string& what, const std::string& file) {
  return absl::UnavailableError("cannot " + what + " " + file + ": " + std::strerror(errno));
}

absl::Status SyncPath(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return FileError("open", path);
  const int failed = fsync(fd);
  close(fd);
  return failed != 0 ? FileError("sync", path) : absl::OkStatus();
}

// Written beside and renamed, so that a crash leaves the old or the new one.
absl::Status WriteFile(const std::string& file, const Tie& tie) {
  const std::string next = file + ".next";
  {
    std::ofstream out(next, std::ios::trunc);
    out << tie.Text();
    out.flush();
    if (!out) return FileError("write", next);
  }
  if (absl::Status status = SyncPath(next, O_RDONLY); !status.ok()) return status;
  if (std::rename(next.c_str(), file.c_str()) != 0) return FileError("rename", next);
  const std::string folder = std::filesystem::path(file).parent_path().string();
  return SyncPath(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
}

absl::Status WriteStore(Store& store, const Tie& tie, WriteBatch writes) {
  writes.Put(std::string(keys::kBinding), tie.Text());
  return store.WriteSynced(writes);
}

// The database first: a crash between the two leaves it ahead, which is harmless.
absl::StatusOr<uint64_t> WriteBoth(Store& store, const std::string& file, const Tie& tie,
                                   WriteBatch writes) {
  if (absl::Status status = WriteStore(store, tie, std::move(writes)); !status.ok()) return status;
  if (absl::Status status = WriteFile(file, tie); !status.ok()) return status;
  return tie.starts;
}

absl::Status ReadStore(const Store& store, std::optional<Tie>* tie) {
  const absl::StatusOr<std::string> stored = store.Get(keys::kBinding);
  if (stored.ok()) {
    *tie = ParseTie(*stored);
  } else if (!absl::IsNotFound(stored.status())) {
    return stored.status();
  }
  return absl::OkStatus();
}

std::string TimeInWords(int64_t unix_ms) {
  return absl::FormatTime(absl::RFC3339_sec, absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

// Starts that the file knows of, as far as it can be read.
uint64_t StartsOf(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  const std::optional<Tie> tie = ParseTie(text.str());
  return tie ? tie->starts : 0;
}

// What makes the rounds of one roster be sat out. They may have gone on without an old copy, so
// those that are open in it are not voted in again.
absl::StatusOr<WriteBatch> SitOut(Store& store, const std::string& prefix,
                                  int64_t watermark_unix_ms) {
  const Keyspace keyspace(store, prefix);
  absl::StatusOr<Archive> archive = Archive::Open(keyspace);
  if (!archive.ok()) return archive.status();
  WriteBatch writes;
  archive->RaiseWatermark(watermark_unix_ms, &writes);
  std::optional<RoundId> last;
  absl::Status status = keyspace.Scan(keys::kJournal, PrefixEnd(keys::kJournal), false,
                                      [&](std::string_view key, std::string_view) {
                                        const auto round = keys::RoundOf(key);
                                        if (round && round != last) {
                                          archive->AddTombstone(*round, watermark_unix_ms, &writes);
                                          last = round;
                                        }
                                        return true;
                                      });
  if (!status.ok()) return status;
  writes.DeleteRange(std::string(keys::kJournal), PrefixEnd(keys::kJournal));
  writes.Delete(std::string(keys::kHalted));
  return keyspace.InWhole(writes);
}

}  // namespace

WriteBatch CopyMark(int64_t unix_ms) {
  WriteBatch mark;
  mark.Put(std::string(keys::kNotANodes),
           "is a copy that was made of another at " + TimeInWords(unix_ms));
  return mark;
}

WriteBatch RepairMark(int64_t unix_ms) {
  WriteBatch mark;
  mark.Put(std::string(keys::kNotANodes), "was repaired at " + TimeInWords(unix_ms) +
                                              " and may lack what this key signed");
  return mark;
}

absl::StatusOr<uint64_t> Bind(Store& store, const std::string& file) {
  std::optional<Tie> of_store, of_file;
  if (absl::Status status = ReadStore(store, &of_store); !status.ok()) return status;
  if (std::ifstream in(file); in) {
    std::ostringstream text;
    text << in.rdbuf();
    of_file = ParseTie(text.str());
    if (!of_file) {
      return absl::FailedPreconditionError(file + " is damaged. " + std::string(kWayOut));
    }
  } else if (errno != ENOENT) {
    return FileError("read", file);
  }

  const auto refuse = [](const std::string& why) {
    return absl::FailedPreconditionError(why + " " + std::string(kWayOut));
  };
  if (const auto why = store.Get(keys::kNotANodes); why.ok()) {
    return refuse("This database " + *why + ".");
  } else if (!absl::IsNotFound(why.status())) {
    return why.status();
  }
  if (!of_store && !of_file) {
    return WriteBoth(store, file, {RandomId(), 1}, {});
  }
  if (!of_store) return refuse("This key has voted with a database before, and this one is new.");
  if (!of_file) {
    // The first start may have died between the database and the file; nothing was said then.
    if (of_store->starts != 1) {
      return refuse("This database belongs to another key directory (" + file + " is missing).");
    }
  } else if (of_file->id != of_store->id) {
    return refuse("This database belongs to another key directory than this one.");
  } else if (of_store->starts < of_file->starts) {
    return refuse("This database is an old copy: it has seen " +
                  std::to_string(of_store->starts) + " starts, the key " +
                  std::to_string(of_file->starts) + ".");
  }
  return WriteBoth(store, file, {of_store->id, of_store->starts + 1}, {});
}

absl::StatusOr<uint64_t> AcceptLostDatabase(Store& store, const std::string& file,
                                            int64_t watermark_unix_ms) {
  const auto keyspaces = seat_table::Keyspaces(store);
  if (!keyspaces.ok()) return keyspaces.status();
  WriteBatch writes;
  for (const std::string& keyspace : *keyspaces) {
    absl::StatusOr<WriteBatch> sits_out = SitOut(store, keyspace, watermark_unix_ms);
    if (!sits_out.ok()) return sits_out.status();
    writes.Append(*std::move(sits_out));
  }
  writes.Delete(std::string(keys::kNotANodes));
  // The counter goes on: peers take a heartbeat of an earlier start for an old one.
  std::optional<Tie> of_store;
  if (absl::Status read = ReadStore(store, &of_store); !read.ok()) return read;
  const uint64_t starts = std::max(of_store ? of_store->starts : 0, StartsOf(file)) + 1;
  return WriteBoth(store, file, {RandomId(), starts}, std::move(writes));
}

}  // namespace decentd
