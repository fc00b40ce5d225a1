#include "tests/sim/explore/set_node.h"

#include <algorithm>
#include <bit>
#include <type_traits>

namespace decentd::explore {

SetRules::SetRules(const Roster& roster, SetMessages& messages, const SetVoteScope& scope)
    : roster_(roster), messages_(messages), scope_(scope),
      fresh_(roster, NodeIndex{0}, Phase::kAnswer, 1'000, 2'000) {}

SetHeard SetRules::Reduced(const SetHeard& heard) const {
  SetHeard reduced = scope_.reduce ? heard.Reduced() : heard;
  for (size_t slot = 0; scope_.votes.reduce && slot < kMostSlots; ++slot) {
    reduced.votes[slot] = reduced.votes[slot].Saturated();
  }
  return reduced;
}

SetSent SetRules::For(int group, const SetSent& sent) const {
  if (!scope_.reduce) return sent;
  const auto slot = static_cast<size_t>(group);
  SetSent part;
  part.votes[slot] = sent.votes[slot];
  part.broadcasts[slot] = sent.broadcasts[slot];
  part.certificates[slot] = sent.certificates[slot];
  part.entered_by = sent.entered_by;
  return part;
}

Word SetRules::Image(Word word, int way) const {
  using Type = Word::Type;
  const bool of_broadcast = word.type == Type::kPropose || word.type == Type::kEchoes ||
                            word.type == Type::kCertificate;
  const bool masked = word.type == Type::kEchoes || word.type == Type::kCertificate ||
                      word.type == Type::kEnter || word.type == Type::kSoft ||
                      word.type == Type::kHard;
  if ((way & kMirrored) != 0 && masked) {
    const int mask = word.sender;
    word.sender = static_cast<uint8_t>((mask & ~6) | (mask & 2) << 1 | (mask & 4) >> 1);
  } else if ((way & kMirrored) != 0 && (word.sender == 1 || word.sender == 2)) {
    word.sender = static_cast<uint8_t>(3 - word.sender);
  }
  if ((way & kSwapped) != 0 && of_broadcast && OfLiar(word.slot)) {
    word.values = static_cast<ValueMask>(3 - word.values);
  }
  return word;
}

std::optional<SetHeard> SetRules::Foreseen(const Word& word, SetHeard heard) const {
  using Type = Word::Type;
  BroadcastHeard& broadcast = heard.broadcasts[word.slot];
  switch (word.type) {
    case Type::kEst:
    case Type::kAux:
    case Type::kDecided:
      Note(word, heard.votes[word.slot]);
      heard.votes[word.slot].NoteBin();
      return heard;
    case Type::kEchoes:
      for (int sender = 0; sender < kSenders; ++sender) {
        if (word.sender >> sender & 1) broadcast.SetEcho(sender, word.values);
      }
      return heard;
    case Type::kEnter:
      heard.clock.entered_by |= word.sender;
      return heard;
    case Type::kSoft:
    case Type::kHard:
      heard.clock.entered_by |= word.sender;
      heard.clock.started = true;
      (word.type == Type::kSoft ? heard.clock.soft : heard.clock.hard) = true;
      return heard;
    default:
      return {};
  }
}

bool SetRules::Deliver(const Word& word, State& state) const {
  using Type = Word::Type;
  Effects out;
  state.path.push_back(word);
  ClockHeard& clock = state.heard.clock;
  const auto at = static_cast<size_t>(word.slot);
  switch (word.type) {
    case Type::kJoin:
      clock.joined = true;
      state.code.Enter([](const Propose&) { return true; }, out);
      break;
    case Type::kPropose:
      state.code.OnPropose(messages_.Proposal(word.slot, word.values), out);
      break;
    case Type::kEchoes:
      for (int sender = 0; sender < kSenders; ++sender) {
        if ((word.sender >> sender & 1) == 0) continue;
        state.heard.broadcasts[at].SetEcho(sender, word.values);
        state.code.OnVotes(messages_.Echo(sender, word.slot, word.values), out);
      }
      break;
    case Type::kCertificate:
      state.code.OnCertificate(messages_.Certificate(word.slot, word.values, word.sender), out);
      break;
    case Type::kEnter:
      TakeEnters(word.sender, state, out);
      break;
    case Type::kSoft:
    case Type::kHard: {
      TakeEnters(word.sender, state, out);
      if (!clock.started) break;
      const bool soft = word.type == Type::kSoft;
      (soft ? clock.soft : clock.hard) = true;
      state.code.OnTimer({soft ? TimerType::kSoftDeadline : TimerType::kHardDeadline,
                          {Phase::kAnswer, NodeIndex{0}}, 0}, out);
      break;
    }
    default:
      Note(word, state.heard.votes[at]);
      state.heard.votes[at].NoteBin();
      state.code.OnVotes(messages_.VoteOf(word), out);
  }
  for (int slot = 0; slot < messages_.slots(); ++slot) NoteBroadcast(slot, state);
  NoteVotes(out.votes, state);
  Judge(state);
  return !out.votes.empty();
}

void SetRules::TakeEnters(uint8_t senders, State& state, Effects& out) const {
  ClockHeard& clock = state.heard.clock;
  for (int sender = 0; sender < kSenders; ++sender) {
    if ((senders >> sender & 1) == 0 || (clock.entered_by >> sender & 1) != 0) continue;
    clock.entered_by |= SenderBit(sender);
    state.code.OnVotes(messages_.Enter(sender), out);
    if (out.timers.empty() || clock.started) continue;
    clock.started = true;
    if ((clock.entered_by & 1) == 0 ||
        std::popcount(clock.entered_by) < roster_.n() - roster_.f()) {
      state.wrong = "starts its deadlines before n - f nodes are in the phase";
    }
  }
}

const Broadcast& SetRules::broadcast(const State& state, int slot) const {
  return *state.code.broadcast(messages_.slot(slot).author);
}

void SetRules::NoteBroadcast(int slot, State& state) const {
  const Broadcast& code = broadcast(state, slot);
  BroadcastHeard& heard = state.heard.broadcasts[static_cast<size_t>(slot)];
  if (code.first()) heard.SetFirst(messages_.DigestOf(slot, code.first()->body_digest()));
  if (code.payload()) heard.SetPayload(messages_.DigestOf(slot, code.payload()->body_digest()));
  if (!code.certified() || heard.certified() != 0) return;
  const ValueMask digest = messages_.DigestOf(slot, *code.certified());
  heard.SetCertified(digest);
  NodeSet signers;
  for (const Verified<Votes>& votes : code.certificate()) {
    const auto& echo = std::get<vote::Echo>(votes->votes[0]);
    if (echo.digest == *code.certified()) signers.Add(votes.author());
  }
  if (signers.Size() != roster_.quorum()) {
    state.wrong = "takes fewer than q echoes for a certificate";
  }
}

void SetRules::NoteVotes(const std::vector<Vote>& votes, State& state) const {
  for (const Vote& vote : votes) {
    const bool once = std::visit(
        [&](const auto& v) {
          using T = std::decay_t<decltype(v)>;
          if constexpr (std::is_same_v<T, vote::Enter>) {
            return state.said.AddEnter();
          } else if constexpr (std::is_same_v<T, vote::Echo>) {
            const int slot = messages_.Place(v.slot.author);
            return state.said.AddEcho(slot, messages_.DigestOf(slot, v.digest));
          } else {
            return state.said.Add(messages_.Place(v.slot.author), vote);
          }
        },
        vote);
    if (!once) state.wrong = "says " + Name(vote) + " twice";
    if (const auto* est = std::get_if<vote::Est>(&vote); est && est->round == 1 &&
        !MayInputZero(messages_.Place(est->slot.author), state)) {
      state.wrong = "inputs 0 although no deadline has passed";
    }
  }
}

// Or relays it: f+1 said so.
bool SetRules::MayInputZero(int slot, const State& state) const {
  const Heard& heard = state.heard.votes[static_cast<size_t>(slot)];
  return heard.EstCount(1, false) > roster_.f() || state.code.closed() != Closed::kNone;
}

bool SetRules::MayClose(Closed why, const State& state) const {
  if (why == Closed::kNone) return true;
  if (why == Closed::kHard) return state.heard.clock.hard;
  if (why != Closed::kSoft || !state.heard.clock.soft) return false;
  int decided = 0, usable = 0;
  for (int slot = 0; slot < messages_.slots(); ++slot) {
    if (state.said.votes(slot).Decided() != 2) continue;
    ++decided;
    usable += state.heard.broadcasts[static_cast<size_t>(slot)].payload() != 0;
  }
  return decided >= roster_.gate(Phase::kAnswer) && usable >= roster_.minimum(Phase::kAnswer);
}

void SetRules::Judge(State& state) const {
  if (!MayClose(state.code.closed(), state)) {
    state.wrong = state.code.closed() == Closed::kSoft ? "closes the phase below its gate"
                                                       : "closes the phase for no reason";
  }
  if (!state.code.ended()) return;
  for (int slot = 0; slot < messages_.slots(); ++slot) {
    const ValueMask decided = state.said.votes(slot).Decided();
    const bool held = state.heard.broadcasts[static_cast<size_t>(slot)].payload() != 0;
    if (decided == 0 || (decided == 2 && !held)) state.wrong = "ends the phase too early";
  }
}

bool SetRules::Beyond(const State& state) const {
  for (int slot = 0; slot < messages_.slots(); ++slot) {
    if (state.said.votes(slot).Began(scope_.votes.last + 1)) return true;
  }
  return false;
}

}  // namespace decentd::explore
