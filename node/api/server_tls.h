// Certificate and key of a server, read from files and checked before anything listens.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace decentd {

struct ServerTls {
  std::string certificate_chain;  // PEM
  std::string private_key;        // PEM; never logged
};

// INVALID_ARGUMENT or NOT_FOUND names the file and what is wrong with it: unreadable, not PEM, or
// a key that does not belong to the certificate.
absl::StatusOr<ServerTls> ReadServerTls(const std::string& certificate_file,
                                        const std::string& key_file);

}  // namespace decentd
