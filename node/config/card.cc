#include "node/config/card.h"

#include <algorithm>
#include <set>
#include <span>

#include "absl/strings/escaping.h"
#include "crypto/hex.h"
#include "node/config/text.h"
#include "node/config/units.h"

namespace decentd {
namespace {

constexpr std::string_view kMagic = "decentd-card";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kDomain = "card";
constexpr size_t kParts = 10;
constexpr size_t kSumDigits = 8;
constexpr size_t kMaxCardBytes = 8192;
constexpr size_t kMaxAddresses = 8;

absl::Status Wrong(std::string_view message) { return InvalidArgument("card: ", message); }

std::string Sum(std::string_view text) { return Sha256(text).Hex().substr(0, kSumDigits); }

bool IsBare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// Percent-encoding of all that could be taken for a separator.
std::string Escape(std::string_view label) {
  std::string text;
  for (char c : label) {
    if (IsBare(c)) {
      text += c;
    } else {
      const uint8_t byte = static_cast<uint8_t>(c);
      Append(text, "%", HexOf(std::span(&byte, 1)));
    }
  }
  return text;
}

std::string Unescape(std::string_view text) {
  std::string label;
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = 0;
    if (text[i] == '%' && DecodeHex(text.substr(i + 1, 2), std::span(&byte, 1))) {
      label += static_cast<char>(byte);
      i += 2;
    } else {
      label += text[i];
    }
  }
  return label;
}

std::string_view RolesText(const RosterNode& node) {
  if (node.worker && node.evaluator) return "worker+evaluator";
  return node.worker ? "worker" : "evaluator";
}

// All that is signed.
std::string Body(const RosterNode& node, const PublicKey& key) {
  return Join(
      std::vector<std::string>{std::string(kMagic), std::string(kVersion), node.name, key.Hex(),
                               Join(node.addresses, ","), std::string(RolesText(node)),
                               Concat("owner=", Escape(node.owner)),
                               Concat("family=", Escape(node.model_family))},
      "/");
}

std::string WithSum(std::string_view signed_text) {
  return Concat(signed_text, "/", Sum(Concat(signed_text, "/")));
}

absl::StatusOr<RosterNode> ParseFields(const std::vector<std::string_view>& parts) {
  RosterNode node;
  node.name = std::string(parts[2]);
  const std::optional<PublicKey> key = PublicKey::FromHex(parts[3]);
  if (!key) return Wrong("the key is not 64 hexadecimal digits");
  node.key = *key;
  for (std::string_view address : Split(parts[4], ',')) node.addresses.emplace_back(address);
  node.worker = parts[5] == "worker" || parts[5] == "worker+evaluator";
  node.evaluator = parts[5] == "evaluator" || parts[5] == "worker+evaluator";
  std::string_view owner = parts[6], family = parts[7];
  if (!owner.starts_with("owner=") || !family.starts_with("family=")) {
    return Wrong("owner= and family= are not where they should be");
  }
  node.owner = Unescape(owner.substr(6));
  node.model_family = Unescape(family.substr(7));
  const absl::Status fields = CheckNodeFields(node);
  if (!fields.ok()) return Wrong(MessageOf(fields));
  return node;
}

}  // namespace

absl::Status CheckNodeFields(const RosterNode& node) {
  absl::Status status = CheckNodeName(node.name);
  if (!status.ok()) return status;
  if (node.addresses.empty() || node.addresses.size() > kMaxAddresses) {
    return InvalidArgument("expected 1 to ", kMaxAddresses, " addresses (host:port), found ",
                           node.addresses.size());
  }
  std::set<std::string> seen;
  for (const std::string& address : node.addresses) {
    status = ParseHostPort(address).status();
    if (!status.ok()) return status;
    if (!seen.insert(address).second) {
      return InvalidArgument("the address ", address, " is given twice");
    }
  }
  if (!node.worker && !node.evaluator) {
    return absl::InvalidArgumentError("expected a role: worker, evaluator or both");
  }
  for (const auto& [what, label] :
       {std::pair("owner", &node.owner), {"family", &node.model_family}}) {
    status = CheckLabel(*label);
    if (!status.ok()) return InvalidArgument(what, ": ", MessageOf(status));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> EncodeCard(const RosterNode& node, const Signer& signer) {
  const absl::Status fields = CheckNodeFields(node);
  if (!fields.ok()) return fields;
  const std::string body = Body(node, signer.public_key());
  const std::string signature = absl::WebSafeBase64Escape(signer.Sign(kDomain, Digest{}, body));
  return WithSum(Concat(body, "/", signature));
}

absl::StatusOr<RosterNode> ParseCard(std::string_view text) {
  std::string card(text.substr(0, kMaxCardBytes + 1));
  card.erase(std::remove_if(card.begin(), card.end(), IsSpace), card.end());
  if (card.size() > kMaxCardBytes) return Wrong("longer than any card is");
  if (!card.starts_with(Concat(kMagic, "/"))) {
    return Wrong(Concat("this is not a card; expected the line that begins with ", kMagic,
                        "/1/, as 'decentctl card' prints it"));
  }
  const std::vector<std::string_view> parts = Split(card, '/');
  if (parts[1] != kVersion) {
    return Wrong(Concat("version '", parts[1].substr(0, 20), "' is not known here; expected ",
                        kVersion, " (or the card was changed on its way)"));
  }
  if (parts.size() < kParts || (parts.size() == kParts && parts.back().size() < kSumDigits)) {
    return Wrong(Concat("cut short (", parts.size(), " of ", kParts,
                        " parts); copy the whole line that 'decentctl card' prints"));
  }
  const std::string_view before_sum(card.data(), card.size() - parts.back().size());
  if (parts.size() > kParts || parts.back() != Sum(before_sum)) {
    return Wrong(
        "the checksum does not match: it was changed or cut on its way; "
        "copy the whole line that 'decentctl card' prints");
  }
  absl::StatusOr<RosterNode> node = ParseFields(parts);
  if (!node.ok()) return node;
  const std::string body = Body(*node, node->key);
  std::string signature;
  if (!absl::WebSafeBase64Unescape(std::string(parts[8]), &signature) ||
      card != WithSum(Concat(body, "/", absl::WebSafeBase64Escape(signature)))) {
    return Wrong(
        "not written as 'decentctl card' writes it; ask the node's operator for a new one");
  }
  if (!Ed25519Scheme().Verify(node->key, kDomain, Digest{}, body, signature)) {
    return Wrong(Concat("not signed by the key it names (", node->key.Hex(), "); '", node->name,
                        "' must not be enrolled with it"));
  }
  return node;
}

absl::StatusOr<std::vector<RosterNode>> ParseCards(std::string_view text) {
  std::string cards;
  for (std::string_view line : Split(text, '\n')) {
    if (!Trim(line).starts_with("#")) Append(cards, line, "\n");
  }
  const std::string start = Concat(kMagic, "/");
  std::vector<RosterNode> nodes;
  std::string_view rest = Trim(cards);
  while (!rest.empty()) {
    const size_t next = std::min(rest.find(start, 1), rest.size());
    absl::StatusOr<RosterNode> node = ParseCard(rest.substr(0, next));
    if (!node.ok()) {
      return InvalidArgument(MessageOf(node.status()), " (card number ", nodes.size() + 1, ")");
    }
    nodes.push_back(*std::move(node));
    rest.remove_prefix(next);
  }
  return nodes;
}

}  // namespace decentd
