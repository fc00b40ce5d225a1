#include "crypto/digest.h"

#include <gtest/gtest.h>

namespace decentd {
namespace {

// FIPS 180-4 examples as published by NIST.
TEST(Sha256, MatchesTheNistVectors) {
  EXPECT_EQ(Sha256("").Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256("abc").Hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").Hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256(std::string(1'000'000, 'a')).Hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, HexAndBytesRoundTrip) {
  const Digest digest = Sha256("abc");
  EXPECT_EQ(Digest::FromHex(digest.Hex()), digest);
  EXPECT_EQ(Digest::FromBytes(digest.View()), digest);
  EXPECT_EQ(Digest::FromHex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
            digest);
}

TEST(Digest, TakesNothingButExactlyItsSize) {
  const std::string hex = Sha256("abc").Hex();
  EXPECT_FALSE(Digest::FromHex(hex.substr(1)));
  EXPECT_FALSE(Digest::FromHex(hex + "0"));
  EXPECT_FALSE(Digest::FromHex(hex + "00"));
  EXPECT_FALSE(Digest::FromHex(""));
  EXPECT_FALSE(Digest::FromHex("g" + hex.substr(1)));
  EXPECT_FALSE(Digest::FromHex(" " + hex.substr(1)));
  EXPECT_FALSE(Digest::FromBytes(std::string(31, 'x')));
  EXPECT_FALSE(Digest::FromBytes(std::string(33, 'x')));
}

TEST(Digest, OrdersAsUnsignedBytes) {
  Digest low, high;
  low.bytes[0] = 0x7f;
  high.bytes[0] = 0x80;
  EXPECT_LT(low, high);
}

}  // namespace
}  // namespace decentd
