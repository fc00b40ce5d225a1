#include "node/proof/bundle.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/core/bytes.h"

namespace decentd {
namespace {

using EnvelopePtr = std::shared_ptr<const Envelope>;

constexpr std::string_view kMagic("decentd bundle\x00\x01", 16);  // the last two bytes: version 1
constexpr size_t kSignatureBytes = 64;

struct EnvelopeOrder {
  bool operator()(const EnvelopePtr& a, const EnvelopePtr& b) const {
    return std::tie(a->kind, a->author, a->body, a->signature) <
           std::tie(b->kind, b->author, b->body, b->signature);
  }
};

// Reads forward; after the first failure every read gives zero and status() says where it was.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  uint32_t U8(const char* what) { return BigEndian(1, what); }
  uint32_t U16(const char* what) { return BigEndian(2, what); }
  uint32_t U32(const char* what) { return BigEndian(4, what); }
  std::string_view Raw(size_t size, const char* what) {
    if (!ok()) return {};
    if (size > bytes_.size() - offset_) {
      Fail(
          absl::StrCat("expected ", size, " bytes of ", what, ", found ", bytes_.size() - offset_));
      return {};
    }
    const std::string_view raw = bytes_.substr(offset_, size);
    offset_ += size;
    return raw;
  }
  std::string_view Block(const char* what) { return Raw(U32(what), what); }
  // A number of things, at most `most`.
  size_t Count(uint32_t value, size_t most, const char* what) {
    if (!ok() || value <= most) return ok() ? value : 0;
    Fail(absl::StrCat("expected at most ", most, " ", what, ", found ", value));
    return 0;
  }
  void Fail(const std::string& message) {
    if (ok()) {
      status_ = absl::InvalidArgumentError(absl::StrCat("at byte ", offset_, ": ", message));
    }
  }
  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  size_t left() const { return bytes_.size() - offset_; }

 private:
  uint32_t BigEndian(size_t width, const char* what) {
    uint32_t value = 0;
    for (char c : Raw(width, what)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  std::string_view bytes_;
  size_t offset_ = 0;
  absl::Status status_;
};

EnvelopePtr ReadEnvelope(Reader& reader) {
  Envelope envelope;
  const uint32_t kind = reader.U8("an envelope's kind");
  if (kind < static_cast<uint32_t>(Kind::kQuery) ||
      kind > static_cast<uint32_t>(Kind::kHeartbeat)) {
    reader.Fail(absl::StrCat("expected an envelope's kind, found ", kind));
  }
  envelope.kind = static_cast<Kind>(kind);
  envelope.author = reader.U32("an envelope's author");
  envelope.signature = std::string(reader.Raw(kSignatureBytes, "a signature"));
  envelope.body = std::string(reader.Block("an envelope's body"));
  return std::make_shared<const Envelope>(std::move(envelope));
}

class EnvelopeTable {
 public:
  explicit EnvelopeTable(std::vector<EnvelopePtr> envelopes) : envelopes_(std::move(envelopes)) {}

  EnvelopePtr Read(Reader& reader, const char* what) const {
    const uint32_t index = reader.U32(what);
    if (index < envelopes_.size()) return envelopes_[index];
    reader.Fail(absl::StrCat("expected ", what, " below ", envelopes_.size(), ", found ", index));
    return nullptr;
  }

  std::vector<EnvelopePtr> ReadList(Reader& reader, const char* count, const char* what) const {
    std::vector<EnvelopePtr> list(reader.Count(reader.U16(count), limits::kMaxNodes, count));
    for (EnvelopePtr& envelope : list) {
      envelope = Read(reader, what);
      if (!reader.ok()) break;
    }
    return list;
  }

 private:
  std::vector<EnvelopePtr> envelopes_;
};

}  // namespace

std::string EncodeBundle(const Bundle& bundle) {
  std::map<EnvelopePtr, uint32_t, EnvelopeOrder> table;
  table[bundle.query];
  for (const BundleSlot& slot : bundle.slots) {
    table[slot.proposal];
    for (const EnvelopePtr& votes : slot.certificate) table[votes];
  }
  for (const EnvelopePtr& decision : bundle.decisions) table[decision];

  ByteWriter out;
  const auto write_block = [&out](std::string_view bytes) {
    out.U32(static_cast<uint32_t>(bytes.size()));
    out.Raw(bytes);
  };
  out.Raw(kMagic);
  write_block(bundle.roster);
  out.U32(static_cast<uint32_t>(table.size()));
  uint32_t next = 0;
  for (auto& [envelope, index] : table) {
    index = next++;
    out.U8(static_cast<uint8_t>(envelope->kind));
    out.U32(envelope->author);
    out.Raw(envelope->signature);
    write_block(envelope->body);
  }
  const auto write_list = [&](const std::vector<EnvelopePtr>& list) {
    std::vector<uint32_t> indices;
    for (const EnvelopePtr& envelope : list) indices.push_back(table[envelope]);
    std::sort(indices.begin(), indices.end());
    out.U16(static_cast<uint16_t>(indices.size()));
    for (uint32_t index : indices) out.U32(index);
  };
  out.U32(table[bundle.query]);
  out.U16(static_cast<uint16_t>(bundle.slots.size()));
  for (const BundleSlot& slot : bundle.slots) {
    out.U8(static_cast<uint8_t>(slot.slot.phase));
    out.U16(slot.slot.author.value);
    out.U32(table[slot.proposal]);
    write_list(slot.certificate);
  }
  write_list(bundle.decisions);
  const Digest digest = Sha256(out.bytes());
  out.Raw(digest.View());
  return out.bytes();
}

absl::StatusOr<Bundle> DecodeBundle(std::string_view bytes) {
  if (bytes.size() > limits::kMaxBundleBytes) {
    return absl::InvalidArgumentError(absl::StrCat("a bundle has at most ", limits::kMaxBundleBytes,
                                                   " bytes, found ", bytes.size()));
  }
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    return absl::InvalidArgumentError(
        "at byte 0: expected the mark of a decentd bundle of version 1");
  }
  if (bytes.size() < kMagic.size() + Digest::kSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("at byte ", bytes.size(), ": expected more bytes, the bundle is cut off"));
  }
  const std::string_view content = bytes.substr(0, bytes.size() - Digest::kSize);
  if (Sha256(content).View() != bytes.substr(content.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("at byte ", content.size(),
                     ": expected the SHA-256 of all bytes before: bytes were changed or lost"));
  }

  Reader reader(content);
  reader.Raw(kMagic.size(), "the mark");
  Bundle bundle;
  bundle.roster = std::string(reader.Block("the roster"));
  std::vector<EnvelopePtr> envelopes;
  const uint32_t count = reader.U32("the number of envelopes");
  for (uint32_t i = 0; i < count && reader.ok(); ++i) envelopes.push_back(ReadEnvelope(reader));
  const EnvelopeTable table(std::move(envelopes));

  bundle.query = table.Read(reader, "the query's index");
  const size_t slots =
      reader.Count(reader.U16("the number of slots"), 2 * limits::kMaxNodes, "slots");
  for (size_t i = 0; i < slots && reader.ok(); ++i) {
    BundleSlot slot;
    const uint32_t phase = reader.U8("a slot's phase");
    if (phase > 1) reader.Fail(absl::StrCat("expected phase 0 or 1, found ", phase));
    slot.slot.phase = static_cast<Phase>(phase);
    slot.slot.author.value = static_cast<uint16_t>(reader.U16("a slot's author"));
    if (!bundle.slots.empty() && bundle.slots.back().slot >= slot.slot) {
      reader.Fail("expected the slots in ascending order, each once");
    }
    slot.proposal = table.Read(reader, "a proposal's index");
    slot.certificate = table.ReadList(reader, "votes of a certificate", "the index of votes");
    bundle.slots.push_back(std::move(slot));
  }
  bundle.decisions = table.ReadList(reader, "decisions", "a decision's index");
  if (reader.left() != 0)
    reader.Fail(absl::StrCat("expected the end, found ", reader.left(), " more bytes"));
  if (!reader.ok()) return reader.status();
  if (EncodeBundle(bundle) != bytes) {
    return absl::InvalidArgumentError(
        "not in canonical form: expected every envelope once, in order, and used");
  }
  return bundle;
}

}  // namespace decentd
