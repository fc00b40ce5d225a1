// No byte of a bundle is free: each one changed, and every cut, is refused with a named check. With
// the closing digest computed anew, whatever still passes says the same as before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "node/proof/bundle.h"
#include "node/proof/verify.h"
#include "tests/proof/bundle_maker.h"

namespace decentd {
namespace {

using testing::BundleMaker;
using testing::TestCluster;

const std::set<std::string>& CheckNames() {
  static const std::set<std::string> names = {
      "encoding",   "roster",    "query_signature", "proposals", "certificates", "decisions",
      "answer_set", "sheet_set", "sheets",          "verdict",   "aggregate"};
  return names;
}

class Damage : public ::testing::Test {
 protected:
  TestCluster cluster_{4};
  BundleMaker maker_{cluster_};
  const std::string bytes_ = EncodeBundle(maker_.Make());

  static std::string Resealed(std::string bytes) {
    bytes.resize(bytes.size() - Digest::kSize);
    bytes.append(Sha256(bytes).View());
    return bytes;
  }
  static void ExpectNamedRefusal(const absl::StatusOr<CheckedBundle>& checked, size_t at) {
    ASSERT_FALSE(checked.ok()) << "byte " << at;
    EXPECT_EQ(checked.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(checked.status().message());
    EXPECT_TRUE(CheckNames().contains(message.substr(0, message.find(':')))) << message;
  }
};

TEST_F(Damage, EveryByteFlippedIsRefused) {
  for (size_t at = 0; at < bytes_.size(); ++at) {
    std::string bytes = bytes_;
    bytes[at] ^= static_cast<char>(1 << (at % 8));
    ExpectNamedRefusal(VerifyBundle(bytes, &cluster_.roster()), at);
  }
}

TEST_F(Damage, EveryByteFlippedIsRefusedEvenUnderANewClosingDigest) {
  for (size_t at = 0; at + Digest::kSize < bytes_.size(); ++at) {
    std::string bytes = bytes_;
    bytes[at] ^= static_cast<char>(1 << (at % 8));
    ExpectNamedRefusal(VerifyBundle(Resealed(bytes), &cluster_.roster()), at);
  }
}

TEST_F(Damage, EveryCutIsRefused) {
  for (size_t size = 0; size < bytes_.size(); ++size) {
    ExpectNamedRefusal(VerifyBundle(bytes_.substr(0, size), &cluster_.roster()), size);
    if (size > Digest::kSize) {
      ExpectNamedRefusal(VerifyBundle(Resealed(bytes_.substr(0, size)), &cluster_.roster()), size);
    }
  }
}

TEST_F(Damage, RandomMutantsNeverCrashAndNeverSayAnythingElse) {
  const auto good = VerifyBundle(bytes_, &cluster_.roster());
  ASSERT_TRUE(good.ok());
  std::mt19937 random(20240607);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = bytes_;
    for (int changes = 1 + static_cast<int>(random() % 4); changes > 0; --changes) {
      const size_t at = random() % (bytes.size() - Digest::kSize);
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.insert(at, 1 + random() % 8, static_cast<char>(random()));
          break;
        case 2:
          bytes.erase(at, 1 + random() % 8);
          break;
        default:
          bytes[at] = random() % 2 ? '\xFF' : '\0';
          break;
      }
    }
    bytes = Resealed(bytes);
    const auto checked = VerifyBundle(bytes, &cluster_.roster());
    EXPECT_TRUE(checked.ok() || !VerifyBundle(bytes, nullptr).ok()) << "a roster of its own";
    if (checked.ok()) {
      EXPECT_EQ(checked->verdict, good->verdict);
      EXPECT_EQ(checked->round, good->round);
    }
  }
}

}  // namespace
}  // namespace decentd
