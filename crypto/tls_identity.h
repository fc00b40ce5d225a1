// Links are authenticated by the Ed25519 identities of the roster alone, without a certificate
// authority (docs/SPEC.md, section 10). TLS stacks do not take Ed25519 keys everywhere, so a node
// makes a P-256 key and a leaf certificate at start, signs the leaf with its identity and keeps
// both in memory. Whoever knows the identity's public key builds the trust anchor from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/ed25519_signer.h"
#include "crypto/signer.h"

namespace decentd {

// The name in every leaf. It identifies nobody: a dialling side overrides the target name with it.
inline constexpr char kTlsName[] = "peer.decentd.invalid";

struct TlsIdentity {
  std::string private_key_pem;  // ephemeral P-256; secret, never written to disk
  std::string certificate_pem;  // its leaf, signed by the identity; valid 1970 to 9999, because a
                                // wrong clock must not cut links
};

// INTERNAL when OpenSSL fails.
absl::StatusOr<TlsIdentity> MakeTlsIdentity(const Ed25519Identity& identity);

// A certificate under which a verifier of chains accepts the leaves of this identity and no other.
// The same text for the same key. Its own signature means nothing: that of an anchor is not
// checked. INVALID_ARGUMENT when OpenSSL does not take the key.
absl::StatusOr<std::string> TrustAnchorPem(const PublicKey& key);

// The candidate whose identity signed this leaf; names in the certificate are not looked at.
// INVALID_ARGUMENT for what is no certificate, UNAUTHENTICATED when no candidate signed it.
// The caller has made sure that the peer holds the leaf's private key (TLS does).
absl::StatusOr<PublicKey> IdentifyLeaf(std::string_view leaf_pem,
                                       std::span<const PublicKey> candidates);

}  // namespace decentd
