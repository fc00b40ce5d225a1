#include "crypto/signer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crypto/ed25519_signer.h"
#include "crypto/hex.h"

namespace decentd {
namespace {

std::string Unhex(std::string_view hex) {
  std::vector<uint8_t> bytes(hex.size() / 2);
  EXPECT_TRUE(DecodeHex(hex, bytes));
  return std::string(bytes.begin(), bytes.end());
}

std::array<uint8_t, 32> Seed(std::string_view hex) {
  std::array<uint8_t, 32> seed{};
  EXPECT_TRUE(DecodeHex(hex, seed));
  return seed;
}

struct Vector {
  const char *seed, *key, *message, *signature;
};

// RFC 8032, section 7.1, tests 1 to 3 and SHA(abc).
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fee"
     "b"
     "bd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e"
     "0"
     "303dca179c138ac17ad9bef1177331a704"},
};

TEST(Ed25519, MatchesTheVectorsOfRfc8032) {
  for (const Vector& v : kVectors) {
    const Ed25519Key key = Ed25519Key::FromSeed(Seed(v.seed));
    EXPECT_EQ(key.public_key().Hex(), v.key);
    EXPECT_EQ(key.SignRaw(Unhex(v.message)), Unhex(v.signature));
    EXPECT_TRUE(Ed25519VerifyRaw(key.public_key(), Unhex(v.message), Unhex(v.signature)));
    EXPECT_FALSE(Ed25519VerifyRaw(key.public_key(), Unhex(v.message) + "x", Unhex(v.signature)));
  }
}

TEST(Ed25519, RefusesAKeyOfSmallOrder) {
  // Under the neutral element, R = neutral and S = 0 would be "valid" for every message.
  PublicKey neutral;
  neutral.bytes[0] = 1;
  std::string signature(64, '\0');
  signature[0] = 1;
  EXPECT_FALSE(Ed25519VerifyRaw(neutral, "any message", signature));
}

TEST(Ed25519, RefusesTheSecondFormOfASignature) {
  // S + L is the same number modulo the group order; accepting it would make signatures malleable.
  const Ed25519Key key = Ed25519Key::FromSeed(Seed(kVectors[1].seed));
  std::string signature = Unhex(kVectors[1].signature);
  const std::string order =
      Unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  int carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    const int sum =
        static_cast<uint8_t>(signature[32 + i]) + static_cast<uint8_t>(order[i]) + carry;
    signature[32 + i] = static_cast<char>(sum & 0xff);
    carry = sum >> 8;
  }
  EXPECT_FALSE(Ed25519VerifyRaw(key.public_key(), "r", signature));
}

TEST(SignedBytes, AreThePrefixTheKindAZeroTheClusterAndTheBody) {
  const Digest cluster = Sha256("cluster");
  EXPECT_EQ(SignedBytes("votes", cluster, "body"),
            std::string("decentd/v1/votes") + '\0' + std::string(cluster.View()) + "body");
}

TEST(Signature, IsValidForItsKindClusterBodyAndKeyAlone) {
  const auto signer = NewEd25519Signer();
  const auto other = NewEd25519Signer();
  const Digest cluster = Sha256("cluster");
  const std::string signature = signer->Sign("votes", cluster, "body");
  const SignatureScheme& scheme = Ed25519Scheme();

  EXPECT_EQ(signature.size(), 64u);
  EXPECT_TRUE(scheme.Verify(signer->public_key(), "votes", cluster, "body", signature));
  EXPECT_FALSE(scheme.Verify(signer->public_key(), "decision", cluster, "body", signature));
  EXPECT_FALSE(scheme.Verify(signer->public_key(), "votes", Sha256("other"), "body", signature));
  EXPECT_FALSE(scheme.Verify(signer->public_key(), "votes", cluster, "bodies", signature));
  EXPECT_FALSE(scheme.Verify(signer->public_key(), "votes", cluster, "", signature));
  EXPECT_FALSE(scheme.Verify(other->public_key(), "votes", cluster, "body", signature));
}

TEST(Signature, FailsWithAnyByteChangedOrOfAnotherLength) {
  const auto signer = NewEd25519Signer();
  const Digest cluster = Sha256("cluster");
  const std::string signature = signer->Sign("votes", cluster, "body");
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(Ed25519Scheme().Verify(signer->public_key(), "votes", cluster, "body", changed));
  }
  for (const std::string& wrong : {std::string(), signature.substr(1), signature + "x"}) {
    EXPECT_FALSE(Ed25519Scheme().Verify(signer->public_key(), "votes", cluster, "body", wrong));
  }
}

TEST(Signature, OfARawMessageIsNeverOneOfTheProtocol) {
  const Ed25519Key key = Ed25519Key::FromSeed(Seed(kVectors[0].seed));
  const Digest cluster = Sha256("cluster");
  EXPECT_FALSE(
      Ed25519Scheme().Verify(key.public_key(), "votes", cluster, "body", key.SignRaw("body")));
}

TEST(Signer, IsTheSameFromTheSameSeed) {
  const auto seed = Seed(kVectors[0].seed);
  EXPECT_EQ(SignerFromSeed(seed)->public_key(), SignerFromSeed(seed)->public_key());
  EXPECT_NE(NewEd25519Signer()->public_key(), NewEd25519Signer()->public_key());
}

TEST(PublicKey, HexAndBytesRoundTripAndNothingElseIsTaken) {
  const PublicKey key = NewEd25519Signer()->public_key();
  EXPECT_EQ(PublicKey::FromHex(key.Hex()), key);
  EXPECT_EQ(PublicKey::FromBytes(key.View()), key);
  EXPECT_FALSE(PublicKey::FromHex(key.Hex() + "00"));
  EXPECT_FALSE(PublicKey::FromBytes(key.View().substr(1)));
}

}  // namespace
}  // namespace decentd
