// The API keys that a gateway takes: a file of their digests, so that who reads it has no key.
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "node/config/files.h"
#include "node/config/node_config.h"
#include "node/config/text.h"

namespace decentd {

absl::StatusOr<std::vector<Digest>> ReadApiKeyDigests(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  std::vector<Digest> digests;
  int number = 0;
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  for (const std::string& whole : lines) {
    ++number;
    const std::string line(absl::StripAsciiWhitespace(whole.substr(0, whole.find('#'))));
    if (line.empty()) continue;
    const std::optional<Digest> digest = Digest::FromHex(line);
    if (!digest) {  // not quoted: it may be the key itself
      return absl::InvalidArgumentError(
          Concat(path, ":", std::to_string(number),
                 ": expected the SHA-256 of an API key as 64 hexadecimal digits, as sha256sum "
                 "prints it"));
    }
    digests.push_back(*digest);
  }
  if (digests.empty()) {
    return absl::InvalidArgumentError(
        Concat(path, " holds no API key; add the SHA-256 of one, or leave api_keys out"));
  }
  return digests;
}

}  // namespace decentd
