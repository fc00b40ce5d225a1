#include "tests/sim/explore/vote_menu.h"

namespace decentd::explore {
namespace {

constexpr ValueMask Mask(bool value) { return value ? 2 : 1; }

Word Make(Word::Type type, int sender, uint32_t round, ValueMask values, uint8_t slot) {
  return {type, static_cast<uint8_t>(sender), static_cast<uint8_t>(round), values, slot};
}

void AddAllDecided(const Heard& heard, const Heard& sent, uint8_t slot, std::vector<Word>& words) {
  for (int sender = 0; sender < kHonest; ++sender) {
    if (sent.Decided(sender) != 0 && heard.Decided(sender) == 0) {
      words.push_back(Make(Word::Type::kDecided, sender, 0, sent.Decided(sender), slot));
    }
  }
}

}  // namespace

void AddNextVotes(const VoteScope& scope, const Heard& heard, const Said& said, const Heard& sent,
                  RoundRange aux, uint8_t slot, std::vector<Word>& menu) {
  using Type = Word::Type;
  const bool relays_only = scope.reduce && said.Decided() != 0;
  for (uint32_t round = scope.first; round <= scope.last; ++round) {
    for (bool value : {false, true}) {
      if ((round == 1 && value) || (relays_only && said.Est(round, value))) continue;
      for (int sender = 0; sender < (scope.liar ? kSenders : kHonest); ++sender) {
        if (heard.Est(sender, round, value)) continue;
        if (sender != kLiar && !sent.Est(sender, round, value)) continue;
        menu.push_back(Make(Type::kEst, sender, round, Mask(value), slot));
        if (scope.reduce) break;
      }
    }
    if (relays_only || (scope.reduce && (round < aux.first || round > aux.last))) continue;
    ValueMask taken = 0;
    for (int sender = 0; sender < kHonest; ++sender) {
      const ValueMask values = sent.Aux(sender, round);
      if (values == 0 || heard.Aux(sender, round) != 0) continue;
      if (scope.reduce && (taken >> values & 1) != 0) continue;
      taken |= static_cast<ValueMask>(1 << values);
      menu.push_back(Make(Type::kAux, sender, round, values, slot));
    }
    if (!scope.liar || heard.Aux(kLiar, round) != 0) continue;
    for (ValueMask values = 1; values <= 3; ++values) {
      if (scope.reduce && (taken >> values & 1) != 0) continue;
      menu.push_back(Make(Type::kAux, kLiar, round, values, slot));
    }
  }
  AddAllDecided(heard, sent, slot, menu);
  if (!scope.liar || heard.Decided(kLiar) != 0) return;
  for (ValueMask value : {1, 2}) menu.push_back(Make(Type::kDecided, kLiar, 0, value, slot));
}

void AddAllEst(const VoteScope& scope, const Heard& heard, const Heard& sent, uint8_t slot,
               std::vector<Word>& words) {
  for (uint32_t round = scope.first; round <= scope.last; ++round) {
    for (int sender = 0; sender < kHonest; ++sender) {
      for (bool value : {false, true}) {
        if (sent.Est(sender, round, value) && !heard.Est(sender, round, value)) {
          words.push_back(Make(Word::Type::kEst, sender, round, Mask(value), slot));
        }
      }
    }
  }
}

void AddAllOthers(const VoteScope& scope, const Heard& heard, const Heard& sent,
                  bool decided_first, uint8_t slot, std::vector<Word>& words) {
  if (decided_first) AddAllDecided(heard, sent, slot, words);
  for (uint32_t round = scope.first; round <= scope.last; ++round) {
    for (int sender = 0; sender < kHonest; ++sender) {
      if (sent.Aux(sender, round) != 0 && heard.Aux(sender, round) == 0) {
        words.push_back(Make(Word::Type::kAux, sender, round, sent.Aux(sender, round), slot));
      }
    }
  }
  if (!decided_first) AddAllDecided(heard, sent, slot, words);
}

void Note(const Word& vote, Heard& heard) {
  if (vote.type == Word::Type::kEst) heard.AddEst(vote.sender, vote.round, vote.values == 2);
  if (vote.type == Word::Type::kAux) heard.AddAux(vote.sender, vote.round, vote.values);
  if (vote.type == Word::Type::kDecided) heard.AddDecided(vote.sender, vote.values);
}

}  // namespace decentd::explore
