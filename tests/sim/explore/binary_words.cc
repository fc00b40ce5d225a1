#include "tests/sim/explore/binary_words.h"

#include <vector>

namespace decentd::explore {
namespace {

std::string Values(ValueMask values) {
  static constexpr const char* kNames[] = {"{}", "{0}", "{1}", "{0,1}"};
  return kNames[values & 3];
}

std::string Join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string Round(const char* vote, uint32_t round) {
  return std::string(vote) + "[" + std::to_string(round) + "]";
}

}  // namespace

bool Said::Add(const Vote& vote) {
  uint32_t bits = 0;
  if (const auto* est = std::get_if<vote::Est>(&vote)) {
    bits = 1u << (2 * (est->round - 1) + est->value);
  } else if (const auto* aux = std::get_if<vote::Aux>(&vote)) {
    bits = uint32_t{aux->values} << (8 + 2 * (aux->round - 1));
    if (Aux(aux->round) != 0) return false;
  } else if (const auto* decided = std::get_if<vote::Decided>(&vote)) {
    bits = (decided->value ? 2u : 1u) << 16;
    if (Decided() != 0) return false;
  }
  const bool fresh = (bits_ & bits) == 0;
  bits_ |= bits;
  return fresh;
}

int Heard::EstCount(uint32_t round, bool value) const {
  int count = 0;
  for (int sender = 0; sender < kSenders; ++sender) {
    count += Est(sender, round, value) ||
             (Aux(sender, round) == 0 && Decided(sender) == (value ? 2 : 1));
  }
  return count;
}

void Heard::NoteBin() {
  for (uint32_t round = 1; round <= kMostRounds; ++round) {
    for (bool value : {false, true}) {
      if (EstCount(round, value) >= kHonest) bits_ |= One(BinBit(round, value));
    }
  }
}

Heard Heard::Saturated() const {
  Heard all = *this;
  for (uint32_t round = 1; round <= kMostRounds; ++round) {
    for (bool value : {false, true}) {
      if (!Bin(round, value) && EstCount(round, value) < kHonest) continue;
      for (int sender = 0; sender < kSenders; ++sender) all.AddEst(sender, round, value);
    }
  }
  return all;
}

void AddSaid(const Said& said, int sender, uint32_t last, Heard& sent) {
  for (uint32_t round = 1; round <= last; ++round) {
    for (bool value : {false, true}) {
      if (said.Est(round, value)) sent.AddEst(sender, round, value);
    }
    sent.AddAux(sender, round, said.Aux(round));
  }
  sent.AddDecided(sender, said.Decided());
}

std::string Name(const Vote& vote) {
  static constexpr const char* kNames[] = {"ENTER", "ECHO", "EST", "AUX", "HINT", "DECIDED"};
  return kNames[vote.index()];
}

std::string News(const Heard& before, const Heard& after, const std::string& names) {
  std::vector<std::string> parts;
  if (after.certificate() && !before.certificate()) parts.push_back("the certificate");
  for (uint32_t round = 1; round <= kMostRounds; ++round) {
    for (int sender = 0; sender < kSenders; ++sender) {
      const std::string of = std::string(" of ") + names[static_cast<size_t>(sender)];
      for (bool value : {false, true}) {
        if (after.Est(sender, round, value) && !before.Est(sender, round, value)) {
          parts.push_back(Round("EST", round) + (value ? "(1)" : "(0)") + of);
        }
      }
      if (after.Aux(sender, round) != before.Aux(sender, round)) {
        parts.push_back(Round("AUX", round) + Values(after.Aux(sender, round)) + of);
      }
    }
  }
  for (int sender = 0; sender < kSenders; ++sender) {
    if (after.Decided(sender) == before.Decided(sender)) continue;
    parts.push_back(std::string("DECIDED(") + (after.Decided(sender) == 2 ? "1" : "0") + ") of " +
                    names[static_cast<size_t>(sender)]);
  }
  if (after.input() && !before.input()) {
    parts.push_back(after.certificate() && !before.certificate() ? "input" : "the time for its input");
  }
  return Join(parts);
}

std::string News(const Said& before, const Said& after) {
  std::vector<std::string> parts;
  for (uint32_t round = 1; round <= kMostRounds + 1; ++round) {
    for (bool value : {false, true}) {
      if (after.Est(round, value) && !before.Est(round, value)) {
        parts.push_back(Round("EST", round) + (value ? "(1)" : "(0)"));
      }
    }
    if (round <= kMostRounds && after.Aux(round) != before.Aux(round)) {
      parts.push_back(Round("AUX", round) + Values(after.Aux(round)));
    }
  }
  if (after.Decided() != before.Decided()) {
    parts.push_back(after.Decided() == 2 ? "DECIDED(1)" : "DECIDED(0)");
  }
  return Join(parts);
}

}  // namespace decentd::explore
