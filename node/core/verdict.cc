#include "node/core/verdict.h"

#include "node/core/bytes.h"

namespace decentd {
namespace {

constexpr uint8_t kVerdictVersion = 1;

bool IsOutcome(uint8_t v) { return v >= 1 && v <= static_cast<uint8_t>(Outcome::kTooFewSheets); }
bool IsRule(uint8_t v) { return v >= 1 && v <= static_cast<uint8_t>(Rule::kUnsafeMean); }

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDecided:
      return "decided";
    case Outcome::kTooFewAnswers:
      return "too_few_answers";
    case Outcome::kTooFewSheets:
      return "too_few_sheets";
  }
  return "unknown";
}

Digest DigestOfSet(const SlotSet& set) {
  ByteWriter out;
  for (const auto& [author, digest] : set) {
    out.U16(author.value);
    out.Raw(digest.View());
  }
  return Sha256(out.bytes());
}

std::string Verdict::Encode() const {
  ByteWriter out;
  out.U8(kVerdictVersion);
  out.U8(static_cast<uint8_t>(outcome));
  out.Raw(winner.View());
  out.Raw(answers.View());
  out.Raw(sheets.View());
  out.U16(answer_count);
  out.U16(sheet_count);
  out.U16(workers);
  out.U16(evaluators);
  out.U8(static_cast<uint8_t>(rule));
  out.Raw(result.View());
  return out.bytes();
}

std::optional<Verdict> Verdict::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVerdictVersion) return std::nullopt;
  const uint8_t outcome = in.U8();
  Verdict v;
  v.winner = in.ReadDigest();
  v.answers = in.ReadDigest();
  v.sheets = in.ReadDigest();
  v.answer_count = in.U16();
  v.sheet_count = in.U16();
  v.workers = in.U16();
  v.evaluators = in.U16();
  const uint8_t rule = in.U8();
  v.result = in.ReadDigest();
  if (!in.AtEnd() || !IsOutcome(outcome) || !IsRule(rule)) return std::nullopt;
  v.outcome = static_cast<Outcome>(outcome);
  v.rule = static_cast<Rule>(rule);
  // A round that failed has neither winner nor result: no second way to write the same outcome.
  if (v.outcome != Outcome::kDecided && (v.winner != Digest{} || v.result != Digest{})) {
    return std::nullopt;
  }
  return v;
}

}  // namespace decentd
