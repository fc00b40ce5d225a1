#include "node/api/server_tls.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

template <class T, void (*kFree)(T*)>
struct Deleter {
  void operator()(T* t) const { kFree(t); }
};
using X509Ptr = std::unique_ptr<X509, Deleter<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;
struct BioDeleter {
  void operator()(BIO* b) const { BIO_free(b); }
};
using BioPtr = std::unique_ptr<BIO, BioDeleter>;

absl::StatusOr<std::string> ReadFile(const std::string& path, std::string_view what) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return absl::NotFoundError(
        absl::StrCat("cannot read the ", std::string(what), " ", path, ": ", strerror(errno)));
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

BioPtr Memory(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key would make OpenSSL ask on the terminal: a daemon has none.
int NoPassphrase(char*, int, int, void*) { return 0; }

}  // namespace

absl::StatusOr<ServerTls> ReadServerTls(const std::string& certificate_file,
                                        const std::string& key_file) {
  absl::StatusOr<std::string> certificate = ReadFile(certificate_file, "TLS certificate");
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key = ReadFile(key_file, "TLS key");
  if (!key.ok()) return key.status();

  const X509Ptr x509(PEM_read_bio_X509(Memory(*certificate).get(), nullptr, NoPassphrase, nullptr));
  if (x509 == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(certificate_file, " holds no certificate: expected PEM, -----BEGIN ",
                     "CERTIFICATE-----, the server's own first"));
  }
  const KeyPtr pkey(PEM_read_bio_PrivateKey(Memory(*key).get(), nullptr, NoPassphrase, nullptr));
  if (pkey == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(key_file, " holds no usable private key: expected PEM without a passphrase"));
  }
  if (X509_check_private_key(x509.get(), pkey.get()) != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the key in ", key_file, " does not belong to the certificate in ", certificate_file));
  }
  return ServerTls{*std::move(certificate), *std::move(key)};
}

}  // namespace decentd
