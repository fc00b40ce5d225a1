#include "crypto/keyfile_format.h"

#include <sodium.h>

#include <algorithm>
#include <optional>
#include <span>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "crypto/hex.h"

namespace decentd::keyfile {
namespace {

constexpr absl::string_view kHeader = "decentd identity key, version ";
constexpr absl::string_view kVersion = "1";
constexpr absl::string_view kWarning =
    "# SECRET: whoever reads this file can speak as this identity. Never run two nodes with it.\n";
constexpr absl::string_view kEnd = "end\n";
constexpr absl::string_view kPlain = "none";
constexpr absl::string_view kEncrypted = "argon2id, xsalsa20-poly1305";

// A damaged or hostile file must not take all memory: 1 GiB is libsodium's strongest setting.
constexpr uint64_t kMaxMemory = 1u << 30;
constexpr uint64_t kMaxOperations = 16;

// Takes the lines of a file one by one and notes whether each was as expected.
class Lines {
 public:
  explicit Lines(absl::string_view text) : rest_(text) {}

  absl::string_view Field(absl::string_view name) {
    const size_t end = rest_.find('\n');
    if (end == absl::string_view::npos) return Fail();
    absl::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    if (!absl::ConsumePrefix(&line, name) || !absl::ConsumePrefix(&line, ": ")) return Fail();
    return line;
  }
  void Hex(absl::string_view name, std::span<uint8_t> out) {
    const absl::string_view digits = Field(name);
    if (!DecodeHex({digits.data(), digits.size()}, out)) Fail();
  }
  std::vector<uint8_t> Bytes(absl::string_view name, size_t size) {
    std::vector<uint8_t> bytes(size);
    Hex(name, bytes);
    return bytes;
  }
  uint64_t Number(absl::string_view name, uint64_t low, uint64_t high) {
    uint64_t number = 0;
    const absl::string_view text = Field(name);
    if (!absl::SimpleAtoi(text, &number) || number < low || number > high) {
      Fail();
    }
    return number;
  }
  void Literal(absl::string_view text) {
    if (rest_.substr(0, text.size()) != text) {
      Fail();
    } else {
      rest_.remove_prefix(text.size());
    }
  }
  bool AllAsExpected() const { return ok_ && rest_.empty(); }
  absl::string_view Fail() {
    ok_ = false;
    return {};
  }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

std::optional<SecretBytes> DeriveKey(absl::string_view passphrase, const std::vector<uint8_t>& salt,
                                     uint64_t operations, uint64_t memory_bytes) {
  SecretBytes key(crypto_secretbox_KEYBYTES);
  if (crypto_pwhash(key.data(), key.size(), passphrase.data(), passphrase.size(), salt.data(),
                    operations, memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return std::nullopt;
  }
  return key;
}

absl::Status NoMemory(uint64_t bytes) {
  return absl::ResourceExhaustedError(absl::StrCat(
      "the passphrase of a key file needs ", bytes >> 20,
      " MiB of memory for a moment and the system does not give it: raise the memory limit"));
}

absl::Status Damaged(absl::string_view how) {
  return absl::DataLossError(absl::StrCat(
      "is a decentd key file but damaged (", how,
      "): restore it from a copy, or make a new identity and have the roster name its key"));
}

}  // namespace

absl::StatusOr<std::string> Format(const Ed25519Identity& identity, absl::string_view passphrase) {
  EnsureSodium();
  std::string text;
  text.reserve(kMaxBytes);  // so that no copy of the secret is left behind by growing
  absl::StrAppend(&text, kHeader, kVersion, "\n", kWarning,
                  "public_key: ", identity.public_key().Hex(), "\n");
  if (passphrase.empty()) {
    std::string seed = HexOf(identity.key().seed());
    absl::StrAppend(&text, "protection: ", kPlain, "\nseed: ", seed, "\n", kEnd);
    WipeString(seed);
    return text;
  }
  std::vector<uint8_t> salt(crypto_pwhash_SALTBYTES), nonce(crypto_secretbox_NONCEBYTES),
      box(crypto_secretbox_MACBYTES + Ed25519Key::kSeedSize);
  randombytes_buf(salt.data(), salt.size());
  randombytes_buf(nonce.data(), nonce.size());
  const auto key =
      DeriveKey(passphrase, salt, crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE);
  if (!key) return NoMemory(crypto_pwhash_MEMLIMIT_MODERATE);
  crypto_secretbox_easy(box.data(), identity.key().seed().data(), Ed25519Key::kSeedSize,
                        nonce.data(), key->data());
  absl::StrAppend(&text, "protection: ", kEncrypted,
                  "\noperations: ", crypto_pwhash_OPSLIMIT_MODERATE,
                  "\nmemory_bytes: ", crypto_pwhash_MEMLIMIT_MODERATE, "\nsalt: ", HexOf(salt),
                  "\nnonce: ", HexOf(nonce), "\nbox: ", HexOf(box), "\n", kEnd);
  return text;
}

absl::StatusOr<Parsed> Parse(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, kHeader)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "is not a decentd key file: its first line does not begin with '", kHeader, "'"));
  }
  const absl::string_view version = text.substr(0, text.find('\n'));
  if (version != kVersion && version.size() == text.size()) return Damaged("it is cut short");
  if (version != kVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("has a version that this program does not read (it reads version ", kVersion,
                     "): use the program that made it, or a newer one"));
  }
  Parsed parsed;
  Lines lines(text.substr(version.size()));
  lines.Literal("\n");
  lines.Literal(kWarning);
  lines.Hex("public_key", parsed.public_key.bytes);
  const absl::string_view protection = lines.Field("protection");
  if (protection == kPlain) {
    lines.Hex("seed", parsed.seed.span());
  } else if (protection == kEncrypted) {
    parsed.encrypted = true;
    parsed.operations = lines.Number("operations", crypto_pwhash_OPSLIMIT_MIN, kMaxOperations);
    parsed.memory_bytes = lines.Number("memory_bytes", crypto_pwhash_MEMLIMIT_MIN, kMaxMemory);
    parsed.salt = lines.Bytes("salt", crypto_pwhash_SALTBYTES);
    parsed.nonce = lines.Bytes("nonce", crypto_secretbox_NONCEBYTES);
    parsed.box = lines.Bytes("box", crypto_secretbox_MACBYTES + Ed25519Key::kSeedSize);
  } else {
    lines.Fail();
  }
  lines.Literal(kEnd);
  if (!lines.AllAsExpected()) return Damaged("a line is missing, changed or too much");
  return parsed;
}

absl::StatusOr<std::unique_ptr<Ed25519Identity>> Open(const Parsed& parsed,
                                                      absl::string_view passphrase) {
  EnsureSodium();
  SecretBytes seed(Ed25519Key::kSeedSize);
  if (!parsed.encrypted) {
    std::copy(parsed.seed.data(), parsed.seed.data() + seed.size(), seed.data());
  } else {
    if (passphrase.empty()) {
      return absl::FailedPreconditionError(
          "is protected by a passphrase and none was given: name a file that holds it in "
          "DECENTD_PASSPHRASE_FILE, or start the program at a terminal, where it asks");
    }
    const auto key = DeriveKey(passphrase, parsed.salt, parsed.operations, parsed.memory_bytes);
    if (!key) return NoMemory(parsed.memory_bytes);
    if (crypto_secretbox_open_easy(seed.data(), parsed.box.data(), parsed.box.size(),
                                   parsed.nonce.data(), key->data()) != 0) {
      return absl::PermissionDeniedError(
          "does not open with this passphrase: it is wrong, or the file was changed");
    }
  }
  auto identity = SignerFromSeed(std::span<const uint8_t, 32>(seed.data(), 32));
  if (identity->public_key() != parsed.public_key) {
    return Damaged("its secret does not belong to its public key");
  }
  return identity;
}

}  // namespace decentd::keyfile
