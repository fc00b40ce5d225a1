#include "crypto/keyfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace decentd {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class KeyFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "decentd-keyfile-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    path_ = directory_ / "node.key";
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string Read() const {
    std::ifstream in(path_, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  void Write(const std::string& text) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
    ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  }
  std::string Create(const std::string& passphrase) const {
    const auto identity = NewEd25519Signer();
    EXPECT_TRUE(CreateKeyFile(path_, *identity, std::string(passphrase)).ok());
    return identity->public_key().Hex();
  }
  absl::Status Load(const std::string& passphrase) const {
    return LoadKeyFile(path_, std::string(passphrase)).status();
  }
  size_t Files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }

  fs::path directory_, path_;
};

TEST_F(KeyFile, GivesBackTheIdentityItWasMadeOf) {
  const auto identity = NewEd25519Signer();
  ASSERT_TRUE(CreateKeyFile(path_, *identity, "").ok());
  const auto loaded = LoadKeyFile(path_, "");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->public_key(), identity->public_key());
  const Digest cluster = Sha256("cluster");
  EXPECT_EQ((*loaded)->Sign("votes", cluster, "x"), identity->Sign("votes", cluster, "x"));
}

TEST_F(KeyFile, GivesBackTheIdentityUnderAPassphrase) {
  const std::string key = Create("correct horse");
  const auto info = ReadKeyFileInfo(path_);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_TRUE(info->encrypted);
  EXPECT_EQ(info->public_key.Hex(), key);
  const auto loaded = LoadKeyFile(path_, "correct horse");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->public_key().Hex(), key);
}

TEST_F(KeyFile, HoldsNoSecretInClearUnderAPassphrase) {
  const auto seed = std::array<uint8_t, 32>{1, 2, 3, 4};
  const auto identity = SignerFromSeed(seed);
  ASSERT_TRUE(CreateKeyFile(path_, *identity, "").ok());
  EXPECT_THAT(Read(), HasSubstr("01020304000000"));
  fs::remove(path_);
  ASSERT_TRUE(CreateKeyFile(path_, *identity, "correct horse").ok());
  EXPECT_THAT(Read(), Not(HasSubstr("01020304000000")));
  EXPECT_THAT(Read(), Not(HasSubstr("horse")));
}

TEST_F(KeyFile, IsReadableByItsOwnerOnlyWhateverTheUmask) {
  const mode_t before = umask(0);
  Create("");
  umask(before);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST_F(KeyFile, SaysWhatItIsAndShowsThePublicKey) {
  const std::string key = Create("");
  EXPECT_EQ(Read().rfind("decentd identity key, version 1\n", 0), 0u);
  EXPECT_THAT(Read(), HasSubstr("public_key: " + key));
}

TEST_F(KeyFile, IsNeverOverwritten) {
  const std::string key = Create("");
  const absl::Status again = CreateKeyFile(path_, *NewEd25519Signer(), "");
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Read(), HasSubstr(key));
}

TEST_F(KeyFile, WipesThePassphraseItWasGiven) {
  std::string passphrase = "correct horse";  // short: kept inside the string object
  const char* characters = passphrase.data();
  ASSERT_TRUE(CreateKeyFile(path_, *NewEd25519Signer(), std::move(passphrase)).ok());
  EXPECT_TRUE(
      passphrase.empty());  // NOLINT(bugprone-use-after-move): that it is wiped is the claim
  EXPECT_EQ(std::string(characters, 13), std::string(13, '\0'));
}

TEST_F(KeyFile, ThatIsMissingIsNotFound) {
  EXPECT_EQ(Load("").code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Load("").message()), HasSubstr(path_.string()));
}

TEST_F(KeyFile, ReadableByOthersIsRefusedWithTheWayOut) {
  Create("");
  for (const mode_t mode : {0640u, 0604u, 0620u, 0660u}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_EQ(Load("").code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(Load("").message()), HasSubstr("chmod 600 " + path_.string()));
  }
  ASSERT_EQ(chmod(path_.c_str(), 0400), 0);
  EXPECT_TRUE(Load("").ok());
}

TEST_F(KeyFile, WithAWrongPassphraseIsPermissionDenied) {
  Create("correct horse");
  EXPECT_EQ(Load("wrong horse").code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(KeyFile, WithoutItsPassphraseSaysHowToGiveIt) {
  Create("correct horse");
  EXPECT_EQ(Load("").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Load("").message()), HasSubstr("DECENTD_PASSPHRASE_FILE"));
}

TEST_F(KeyFile, CutShortAnywhereIsRefused) {
  for (const char* passphrase : {"", "correct horse"}) {
    fs::remove(path_);
    Create(passphrase);
    const std::string whole = Read();
    for (size_t size = 0; size < whole.size(); ++size) {
      Write(whole.substr(0, size));
      const absl::Status status = ReadKeyFileInfo(path_).status();
      const auto expected = size < std::string("decentd identity key, version ").size()
                                ? absl::StatusCode::kInvalidArgument
                                : absl::StatusCode::kDataLoss;
      ASSERT_EQ(status.code(), expected) << size << ": " << status;
    }
  }
}

TEST_F(KeyFile, WithMoreAtItsEndIsDamaged) {
  Create("");
  Write(Read() + "x");
  EXPECT_EQ(Load("").code(), absl::StatusCode::kDataLoss);
}

TEST_F(KeyFile, OfAnotherKindIsRefused) {
  for (const std::string& text :
       {std::string("-----BEGIN PRIVATE KEY-----\n"), std::string(100'000, 'x')}) {
    Write(text);
    EXPECT_EQ(Load("").code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(Load("").message()), HasSubstr("is not a decentd key file"));
  }
  fs::remove(path_);
  fs::create_directory(path_);
  fs::permissions(path_, fs::perms::owner_all);
  EXPECT_EQ(Load("").code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(KeyFile, OfANewerVersionSaysWhichIsRead) {
  Create("");
  std::string text = Read();
  text.replace(text.find("version 1"), 9, "version 2");
  Write(text);
  EXPECT_EQ(Load("").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Load("").message()), HasSubstr("version 1"));
}

TEST_F(KeyFile, WhoseSecretBelongsToAnotherPublicKeyIsDamaged) {
  const std::string key = Create("");
  std::string text = Read();
  text.replace(text.find(key), key.size(), NewEd25519Signer()->public_key().Hex());
  Write(text);
  EXPECT_EQ(Load("").code(), absl::StatusCode::kDataLoss);
}

TEST_F(KeyFile, DoesNotMakeUsTakeMemoryWithoutBound) {
  Create("correct horse");
  std::string text = Read();
  const std::string field = "memory_bytes: ";
  const size_t at = text.find(field) + field.size();
  text.replace(at, text.find('\n', at) - at, "1099511627776");
  Write(text);
  EXPECT_EQ(Load("correct horse").code(), absl::StatusCode::kDataLoss);
}

TEST_F(KeyFile, ChangesItsPassphraseAndStaysTheSameIdentity) {
  const std::string key = Create("");
  ASSERT_TRUE(ChangePassphrase(path_, "", "correct horse").ok());
  EXPECT_EQ(Load("").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Load("correct horse").ok());
  EXPECT_EQ(ChangePassphrase(path_, "wrong", "new").code(), absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(ChangePassphrase(path_, "correct horse", "").ok());
  const auto loaded = LoadKeyFile(path_, "");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->public_key().Hex(), key);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(KeyFile, ChangedThroughALinkReplacesTheFileNotTheLink) {
  Create("");
  const fs::path link = directory_ / "link.key";
  fs::create_symlink(path_, link);
  ASSERT_TRUE(ChangePassphrase(link, "", "correct horse").ok());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_TRUE(ReadKeyFileInfo(path_)->encrypted);
}

TEST_F(KeyFile, InADirectoryThatIsMissingIsNotMade) {
  path_ = directory_ / "missing" / "node.key";
  EXPECT_EQ(CreateKeyFile(path_, *NewEd25519Signer(), "").code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace decentd
