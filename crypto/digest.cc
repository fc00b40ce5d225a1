#include "crypto/digest.h"

#include <sodium.h>

#include "crypto/hex.h"

namespace decentd {

static_assert(Digest::kSize == crypto_hash_sha256_BYTES);

std::string Digest::Hex() const { return HexOf(bytes); }

std::optional<Digest> Digest::FromBytes(std::string_view raw) {
  return ValueFromBytes<Digest>(raw);
}

std::optional<Digest> Digest::FromHex(std::string_view hex) { return ValueFromHex<Digest>(hex); }

Digest Sha256(std::string_view data) {
  Digest digest;
  crypto_hash_sha256(digest.bytes.data(), reinterpret_cast<const unsigned char*>(data.data()),
                     data.size());
  return digest;
}

}  // namespace decentd
