#include "crypto/tls_identity.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <vector>

namespace decentd {
namespace {

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Free<SSL_free>>;
using CertificatePtr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;

BioPtr Memory(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}
CertificatePtr Certificate(const std::string& pem) {
  return CertificatePtr(PEM_read_bio_X509(Memory(pem).get(), nullptr, nullptr, nullptr));
}
KeyPtr PrivateKey(const std::string& pem) {
  return KeyPtr(PEM_read_bio_PrivateKey(Memory(pem).get(), nullptr, nullptr, nullptr));
}
std::string PemOf(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}
TlsIdentity Make(const Ed25519Identity& identity) {
  auto made = MakeTlsIdentity(identity);
  EXPECT_TRUE(made.ok()) << made.status();
  return *std::move(made);
}

// One side of a link as a TLS library sees it. The server asks for a certificate and leaves the
// judgement to IdentifyLeaf, as the transport does.
ContextPtr Side(const SSL_METHOD* method, const TlsIdentity& own) {
  ContextPtr context(SSL_CTX_new(method));
  const auto leaf = Certificate(own.certificate_pem);
  const auto key = PrivateKey(own.private_key_pem);
  EXPECT_EQ(SSL_CTX_use_certificate(context.get(), leaf.get()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), key.get()), 1);
  return context;
}

struct Handshake {
  bool client_accepts = false;
  bool server_accepts = false;
  std::string client_leaf;  // as the server got it
};

// A real handshake over memory; the client expects the server of `anchor_of`.
Handshake Connect(const TlsIdentity& client_identity, const TlsIdentity& server_identity,
                  const PublicKey& anchor_of) {
  const ContextPtr client_context = Side(TLS_client_method(), client_identity);
  const ContextPtr server_context = Side(TLS_server_method(), server_identity);
  const auto anchor_pem = TrustAnchorPem(anchor_of);
  EXPECT_TRUE(anchor_pem.ok()) << anchor_pem.status();
  const auto anchor = Certificate(*anchor_pem);
  EXPECT_EQ(X509_STORE_add_cert(SSL_CTX_get_cert_store(client_context.get()), anchor.get()), 1);
  SSL_CTX_set_verify(client_context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify(server_context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     [](int, X509_STORE_CTX*) { return 1; });

  const SslPtr client(SSL_new(client_context.get())), server(SSL_new(server_context.get()));
  EXPECT_EQ(SSL_set1_host(client.get(), kTlsName), 1);
  BIO *one = nullptr, *other = nullptr;
  EXPECT_EQ(BIO_new_bio_pair(&one, 0, &other, 0), 1);
  SSL_set_bio(client.get(), one, one);
  SSL_set_bio(server.get(), other, other);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());

  Handshake result;
  for (int step = 0; step < 20; ++step) {
    result.client_accepts = SSL_do_handshake(client.get()) == 1;
    result.server_accepts = SSL_do_handshake(server.get()) == 1;
  }
  ERR_clear_error();
  if (const CertificatePtr leaf{SSL_get1_peer_certificate(server.get())}) {
    result.client_leaf = PemOf(leaf.get());
  }
  return result;
}

TEST(TlsIdentity, HandshakeSucceedsWithTheRightIdentityAndTellsWhoDialled) {
  const auto a = NewEd25519Signer(), b = NewEd25519Signer();
  const Handshake link = Connect(Make(*a), Make(*b), b->public_key());
  EXPECT_TRUE(link.client_accepts);
  EXPECT_TRUE(link.server_accepts);
  const std::vector<PublicKey> roster = {b->public_key(), a->public_key()};
  const auto who = IdentifyLeaf(link.client_leaf, roster);
  ASSERT_TRUE(who.ok()) << who.status();
  EXPECT_EQ(*who, a->public_key());
}

TEST(TlsIdentity, HandshakeFailsWhenTheServerIsSomebodyElse) {
  const auto a = NewEd25519Signer(), b = NewEd25519Signer(), c = NewEd25519Signer();
  const Handshake link = Connect(Make(*a), Make(*c), b->public_key());
  EXPECT_FALSE(link.client_accepts);
}

// A leaf with the names of `claimed`, signed by `actual`.
TlsIdentity Forge(const Ed25519Identity& claimed, const Ed25519Identity& actual) {
  TlsIdentity forged = Make(claimed);
  const auto leaf = Certificate(forged.certificate_pem);
  const auto seed = actual.key().seed();
  const KeyPtr signer(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  EXPECT_GT(X509_sign(leaf.get(), signer.get(), nullptr), 0);
  forged.certificate_pem = PemOf(leaf.get());
  return forged;
}

TEST(TlsIdentity, AForgedIssuerNameDeceivesNeitherSide) {
  const auto a = NewEd25519Signer(), b = NewEd25519Signer(), liar = NewEd25519Signer();
  const TlsIdentity forged = Forge(*b, *liar);
  EXPECT_FALSE(Connect(Make(*a), forged, b->public_key()).client_accepts);
  const std::vector<PublicKey> roster = {a->public_key(), b->public_key()};
  EXPECT_EQ(IdentifyLeaf(forged.certificate_pem, roster).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(TlsIdentity, ALeafCannotVouchForAnotherCertificate) {
  // The holder of b's link key signs a further certificate with it.
  const auto a = NewEd25519Signer(), b = NewEd25519Signer();
  const TlsIdentity of_b = Make(*b);
  TlsIdentity sub = Make(*a);
  const auto leaf = Certificate(sub.certificate_pem);
  const auto issuer = Certificate(of_b.certificate_pem);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer.get()));
  EXPECT_GT(X509_sign(leaf.get(), PrivateKey(of_b.private_key_pem).get(), EVP_sha256()), 0);
  sub.certificate_pem = PemOf(leaf.get());
  EXPECT_FALSE(Connect(Make(*a), sub, b->public_key()).client_accepts);
  const std::vector<PublicKey> roster = {a->public_key(), b->public_key()};
  EXPECT_FALSE(IdentifyLeaf(sub.certificate_pem, roster).ok());
}

TEST(TlsIdentity, ATrustAnchorIsNoLeafOfItsIdentity) {
  // Everybody can make it, so it must not identify anybody.
  const auto a = NewEd25519Signer();
  const std::vector<PublicKey> roster = {a->public_key()};
  EXPECT_FALSE(IdentifyLeaf(*TrustAnchorPem(a->public_key()), roster).ok());
}

TEST(TlsIdentity, TheTrustAnchorIsTheSameForTheSameKey) {
  const auto a = NewEd25519Signer();
  EXPECT_EQ(*TrustAnchorPem(a->public_key()), *TrustAnchorPem(a->public_key()));
  EXPECT_NE(*TrustAnchorPem(a->public_key()), *TrustAnchorPem(NewEd25519Signer()->public_key()));
}

TEST(TlsIdentity, IsFreshAtEveryStart) {
  const auto a = NewEd25519Signer();
  const TlsIdentity first = Make(*a), second = Make(*a);
  EXPECT_NE(first.private_key_pem, second.private_key_pem);
  EXPECT_NE(first.certificate_pem, second.certificate_pem);
}

TEST(TlsIdentity, DoesNotExpireWhateverTheClockSays) {
  const auto leaf = Certificate(Make(*NewEd25519Signer()).certificate_pem);
  time_t year_1971 = 365 * 24 * 3600, year_2500 = 16'725'225'600;
  EXPECT_LT(X509_cmp_time(X509_get0_notBefore(leaf.get()), &year_1971), 0);
  EXPECT_GT(X509_cmp_time(X509_get0_notAfter(leaf.get()), &year_2500), 0);
}

TEST(IdentifyLeaf, RefusesEverythingThatIsNoCertificate) {
  const std::vector<PublicKey> roster = {NewEd25519Signer()->public_key()};
  for (const std::string& text :
       {std::string(), std::string("hello"), std::string(1'000'000, 'x'),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
    EXPECT_EQ(IdentifyLeaf(text, roster).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(IdentifyLeaf, FindsNobodyAmongNoCandidates) {
  EXPECT_EQ(IdentifyLeaf(Make(*NewEd25519Signer()).certificate_pem, {}).status().code(),
            absl::StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace decentd
