#include "crypto/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace decentd {
namespace {

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Free<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

// Far more than a leaf of this project needs.
constexpr size_t kMaxLeafPem = 16 * 1024;

absl::Status OpenSslError(absl::string_view what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return absl::InternalError(absl::StrCat("OpenSSL could not ", what, ": ", text.data()));
}

bool SetName(X509_NAME* name, const std::string& text) {
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool AddExtension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// X.509 version 3, always valid, issued under a name that only this identity's anchor has.
CertificatePtr NewCertificate(const PublicKey& identity, const std::string& subject,
                              EVP_PKEY* key) {
  CertificatePtr certificate(X509_new());
  X509* c = certificate.get();
  const bool ok = c != nullptr && X509_set_version(c, X509_VERSION_3) == 1 &&
                  SetName(X509_get_issuer_name(c), identity.Hex()) &&
                  SetName(X509_get_subject_name(c), subject) &&
                  ASN1_TIME_set_string_X509(X509_getm_notBefore(c), "19700101000000Z") == 1 &&
                  ASN1_TIME_set_string_X509(X509_getm_notAfter(c), "99991231235959Z") == 1 &&
                  X509_set_pubkey(c, key) == 1;
  return ok ? std::move(certificate) : nullptr;
}

bool SetRandomSerial(X509* certificate) {
  uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1) return false;
  // Positive and not zero, as RFC 5280 wants it.
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), (serial >> 1) | 1) == 1;
}

template <class Write>
std::string Pem(Write write) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || write(bio.get()) != 1) return "";
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : "";
}

KeyPtr RawPublicKey(const PublicKey& key) {
  return KeyPtr(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), key.bytes.size()));
}

KeyPtr RawPrivateKey(std::span<const uint8_t, Ed25519Key::kSeedSize> seed) {
  return KeyPtr(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
}

}  // namespace

absl::StatusOr<TlsIdentity> MakeTlsIdentity(const Ed25519Identity& identity) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpenSslError("make a P-256 key");
  const CertificatePtr leaf = NewCertificate(identity.public_key(), "decentd link", key.get());
  const std::string name = absl::StrCat("DNS:", kTlsName);
  if (leaf == nullptr || !SetRandomSerial(leaf.get()) ||
      !AddExtension(leaf.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(leaf.get(), NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(leaf.get(), NID_ext_key_usage, "serverAuth,clientAuth") ||
      !AddExtension(leaf.get(), NID_subject_alt_name, name.c_str())) {
    return OpenSslError("make a link certificate");
  }
  const KeyPtr signer = RawPrivateKey(identity.key().seed());
  // Ed25519 hashes by itself, so no digest is named.
  if (signer == nullptr || X509_sign(leaf.get(), signer.get(), nullptr) <= 0) {
    return OpenSslError("sign a link certificate");
  }
  TlsIdentity result;
  result.private_key_pem = Pem([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  result.certificate_pem = Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, leaf.get()); });
  if (result.private_key_pem.empty() || result.certificate_pem.empty()) {
    return OpenSslError("encode a link certificate");
  }
  return result;
}

absl::StatusOr<std::string> TrustAnchorPem(const PublicKey& key) {
  const KeyPtr public_key = RawPublicKey(key);
  if (public_key == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        absl::StrCat("no trust anchor can be made of the key ", key.Hex()));
  }
  const CertificatePtr anchor = NewCertificate(key, key.Hex(), public_key.get());
  if (anchor == nullptr || ASN1_INTEGER_set_uint64(X509_get_serialNumber(anchor.get()), 1) != 1 ||
      !AddExtension(anchor.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(anchor.get(), NID_key_usage, "critical,keyCertSign")) {
    return OpenSslError("make a trust anchor");
  }
  // A certificate needs a signature of the right algorithm to be well-formed. Only the identity
  // could make a true one, and none is needed: so this one is by a key that everybody knows.
  const std::array<uint8_t, Ed25519Key::kSeedSize> filler{};
  const KeyPtr signer = RawPrivateKey(filler);
  if (signer == nullptr || X509_sign(anchor.get(), signer.get(), nullptr) <= 0) {
    return OpenSslError("complete a trust anchor");
  }
  std::string pem = Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, anchor.get()); });
  if (pem.empty()) return OpenSslError("encode a trust anchor");
  return pem;
}

absl::StatusOr<PublicKey> IdentifyLeaf(std::string_view leaf_pem,
                                       std::span<const PublicKey> candidates) {
  if (leaf_pem.size() > kMaxLeafPem) {
    return absl::InvalidArgumentError(
        absl::StrCat("a link certificate of ", leaf_pem.size(), " bytes, more than ", kMaxLeafPem));
  }
  const BioPtr bio(BIO_new_mem_buf(leaf_pem.data(), static_cast<int>(leaf_pem.size())));
  if (bio == nullptr) return OpenSslError("read a link certificate");
  const CertificatePtr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (leaf == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError("what the peer sent is not a PEM certificate");
  }
  for (const PublicKey& candidate : candidates) {
    const KeyPtr key = RawPublicKey(candidate);
    const bool signed_by_it = key != nullptr && X509_verify(leaf.get(), key.get()) == 1;
    ERR_clear_error();
    if (signed_by_it) return candidate;
  }
  return absl::UnauthenticatedError(
      "the peer's link certificate is signed by none of the identity keys of this roster");
}

}  // namespace decentd
