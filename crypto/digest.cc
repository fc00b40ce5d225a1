#include "crypto/digest.h"

#include <openssl/evp.h>

#include <memory>
#include <new>

#include "crypto/hex.h"

namespace decentd {
namespace {

// OpenSSL rather than libsodium, which does not use the processor's SHA instructions. To look the
// algorithm up and to allocate a context costs more than a short message, so both are kept.
class Hasher {
 public:
  Hasher() {
    if (algorithm() == nullptr || context_ == nullptr) throw std::bad_alloc();
  }
  Digest Hash(std::string_view data) {
    Digest digest;
    if (EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) != 1 ||
        EVP_DigestUpdate(context_.get(), data.data(), data.size()) != 1 ||
        EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), nullptr) != 1) {
      throw std::bad_alloc();  // the only way in which hashing bytes can fail
    }
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  static EVP_MD* algorithm() {
    static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return sha256;
  }

  const std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

}  // namespace

std::string Digest::Hex() const { return HexOf(bytes); }

std::optional<Digest> Digest::FromBytes(std::string_view raw) {
  return ValueFromBytes<Digest>(raw);
}

std::optional<Digest> Digest::FromHex(std::string_view hex) { return ValueFromHex<Digest>(hex); }

Digest Sha256(std::string_view data) {
  thread_local Hasher hasher;
  return hasher.Hash(data);
}

}  // namespace decentd
