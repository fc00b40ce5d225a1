// Reading and writing the small files that people edit. Thread-safe; blocks on the disk.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace decentd {

inline constexpr size_t kMaxConfigBytes = 1 << 20;  // a roster of 128 nodes takes about 40 KiB

// NOT_FOUND, PERMISSION_DENIED, or INVALID_ARGUMENT for a directory and for more than `limit`
// bytes.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t limit = kMaxConfigBytes);

// As ReadTextFile for a secret on one line, without its line end. INVALID_ARGUMENT when others may
// read the file, or when it is empty. The caller wipes what it got.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// Writes a file that must not exist yet, durable on return; ALREADY_EXISTS otherwise. On an error
// no file is left.
absl::Status CreateFile(const std::string& path, std::string_view content, int mode = 0644);

// Replaces a file at once or not at all, durable on return. Keeps the mode of an existing file.
absl::Status ReplaceFile(const std::string& path, std::string_view content);

// `path` as seen from the folder of `file`, where it is not absolute.
std::string RelativeTo(const std::string& file, const std::string& path);

}  // namespace decentd
