#include "tests/sim/explore/set_node.h"

#include <algorithm>
#include <bit>
#include <type_traits>

namespace decentd::explore {
namespace {

constexpr uint8_t Bit(int sender) { return static_cast<uint8_t>(1u << sender); }

// Who may sign a certificate of what is echoed, the liar always: the first so many. 0: too few.
uint8_t Signers(const BroadcastHeard& echoes, ValueMask digest, int quorum) {
  uint8_t signers = Bit(kLiar);
  for (int sender = 0; sender < kHonest && std::popcount(signers) < quorum; ++sender) {
    if (echoes.Echo(sender) == digest) signers |= Bit(sender);
  }
  return std::popcount(signers) == quorum ? signers : 0;
}

}  // namespace

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

std::vector<Word> SetRules::Menu(const State& state, int group, const SetSent& sent) const {
  std::vector<Word> menu;
  if (!state.heard.clock.joined) menu.push_back({Word::Type::kJoin});
  const SetHeard heard = Reduced(state.heard);
  for (int slot = 0; slot < messages_.slots(); ++slot) {
    const auto at = static_cast<size_t>(slot);
    const BroadcastHeard& broadcast = heard.broadcasts[at];
    // What payload is held matters to the gate alone, and that to the soft deadline; unless the
    // code thinks otherwise.
    const Word fetched{Word::Type::kPropose, 0, 0, broadcast.certified(),
                       static_cast<uint8_t>(slot)};
    if (broadcast.certified() != 0 && broadcast.first() != 0 && broadcast.payload() == 0 &&
        (!scope_.reduce || heard.clock.soft || Speaks(fetched, state))) {
      menu.push_back(fetched);
    }
    if (scope_.reduce && slot != group) continue;
    AddOfBroadcast(state, slot, sent, menu);
    // AUX of the latest round that it said one in, for that may still be short of some, and of
    // the next.
    uint32_t latest = scope_.votes.last;
    while (latest > 0 && state.said.votes(slot).Aux(latest) == 0) --latest;
    AddNextVotes(scope_.votes, heard.votes[at], state.said.votes(slot), Heard(sent.votes[at]),
                 {std::max(1u, latest), latest + 1}, static_cast<uint8_t>(slot), menu);
  }
  AddOfClock(state, sent, menu);
  return menu;
}

void SetRules::AddOfBroadcast(const State& state, int slot, const SetSent& sent,
                              std::vector<Word>& menu) const {
  const auto at = static_cast<size_t>(slot);
  const auto place = static_cast<uint8_t>(slot);
  const BroadcastHeard& heard = state.heard.broadcasts[at];
  for (ValueMask digest : {kA, kB}) {
    if (digest == kB && !(OfLiar(slot) && scope_.two_proposals)) continue;
    if (heard.first() == 0) menu.push_back({Word::Type::kPropose, 0, 0, digest, place});
    AddEchoes(state, slot, digest, sent, menu);
    if (heard.certified() != 0 || (sent.certificates[at] & digest) == 0) continue;
    const uint8_t signers = Signers(sent.broadcasts[at], digest, roster_.quorum());
    if (signers != 0) menu.push_back({Word::Type::kCertificate, signers, 0, digest, place});
  }
}

// One by one; with reduction all at once, where they make the certificate, for otherwise they make
// no difference.
void SetRules::AddEchoes(const State& state, int slot, ValueMask digest, const SetSent& sent,
                         std::vector<Word>& menu) const {
  const auto at = static_cast<size_t>(slot);
  const BroadcastHeard& heard = state.heard.broadcasts[at];
  if (scope_.reduce && heard.certified() != 0) return;
  uint8_t all = 0;
  for (int sender = 0; sender < kSenders; ++sender) {
    if (heard.Echo(sender) != 0) continue;
    if (sender != kLiar && sent.broadcasts[at].Echo(sender) != digest) continue;
    all |= Bit(sender);
    const Word one{Word::Type::kEchoes, Bit(sender), 0, digest, static_cast<uint8_t>(slot)};
    if (!scope_.reduce) menu.push_back(one);
  }
  if (!scope_.reduce) return;
  const Word echoes{Word::Type::kEchoes, all, 0, digest, static_cast<uint8_t>(slot)};
  if (Certifies(state, echoes)) menu.push_back(echoes);
}

bool SetRules::Certifies(const State& state, const Word& echoes) const {
  Broadcast probe = broadcast(state, echoes.slot);
  Effects out;
  for (int sender = 0; sender < kSenders; ++sender) {
    if ((echoes.sender >> sender & 1) == 0) continue;
    const auto& votes = messages_.Echo(sender, echoes.slot, echoes.values);
    probe.OnEcho(messages_.Proposal(echoes.slot, echoes.values).body_digest(), votes, out);
  }
  return probe.certified().has_value();
}

// A deadline may pass at any time after it started. With reduction the ENTER that start it come
// just before, for they do nothing else: n-f of them, of the liar's only where that is needed.
void SetRules::AddOfClock(const State& state, const SetSent& sent, std::vector<Word>& menu) const {
  const ClockHeard& clock = state.heard.clock;
  uint8_t enters = 0;
  if (scope_.reduce) {
    enters = sent.entered_by;
    if (std::popcount(enters) < roster_.n() - roster_.f()) enters |= Bit(kLiar);
    if (std::popcount(enters) < roster_.n() - roster_.f()) return;
  } else {
    for (int sender = 0; sender < kSenders; ++sender) {
      if (sender != kLiar && (sent.entered_by >> sender & 1) == 0) continue;
      if ((clock.entered_by >> sender & 1) == 0) menu.push_back({Word::Type::kEnter, Bit(sender)});
    }
    if (!clock.started) return;
  }
  for (const Word deadline : {Word{Word::Type::kSoft, enters}, Word{Word::Type::kHard, enters}}) {
    if (deadline.type == Word::Type::kSoft ? clock.soft : clock.hard) continue;
    if (!scope_.reduce || Matters(deadline, state)) menu.push_back(deadline);
  }
}

// It gives input somewhere, once all certified payloads are held.
bool SetRules::Matters(const Word& deadline, State state) const {
  for (int slot = 0; slot < messages_.slots(); ++slot) {
    const BroadcastHeard& heard = state.heard.broadcasts[static_cast<size_t>(slot)];
    if (heard.certified() == 0 || heard.payload() != 0) continue;
    Deliver({Word::Type::kPropose, 0, 0, heard.certified(), static_cast<uint8_t>(slot)}, state);
  }
  const Closed before = state.code.closed();
  return Deliver(deadline, state) || state.code.closed() != before;
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
    clock.entered_by |= Bit(sender);
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
  if (signers.Size() != roster_.quorum()) state.wrong = "takes fewer than q echoes for a certificate";
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

// The liar keeps what it holds: a payload comes from an honest node that echoed it, as it holds it.
Rest SetRules::Rest(State state, const SetSent& sent, bool decided_first) const {
  using Type = Word::Type;
  std::vector<Word> words, fetches, last;
  if (!state.heard.clock.joined) words.push_back({Type::kJoin});
  for (int slot = 0; slot < messages_.slots(); ++slot) {
    const auto at = static_cast<size_t>(slot);
    const auto place = static_cast<uint8_t>(slot);
    const BroadcastHeard& heard = state.heard.broadcasts[at];
    const BroadcastHeard& echoes = sent.broadcasts[at];
    if (!OfLiar(slot) && heard.first() == 0) words.push_back({Type::kPropose, 0, 0, kA, place});
    AddAllOthers(scope_.votes, state.heard.votes[at], Heard(sent.votes[at]), decided_first, place,
                 words);
    for (ValueMask digest : {kA, kB}) {
      const uint8_t signers = Signers(echoes, digest, roster_.quorum());
      if (heard.certified() == 0 && (sent.certificates[at] & digest) != 0 && signers != 0) {
        words.push_back({Type::kCertificate, signers, 0, digest, place});
      }
    }
    for (int sender = 0; sender < kHonest; ++sender) {
      if (echoes.Echo(sender) == 0 || heard.Echo(sender) != 0) continue;
      words.push_back({Type::kEchoes, Bit(sender), 0, echoes.Echo(sender), place});
    }
    for (int sender = 0; sender < kHonest; ++sender) {
      if (echoes.Echo(sender) == 0) continue;
      fetches.push_back({Type::kPropose, 0, 0, echoes.Echo(sender), place});
    }
    AddAllEst(scope_.votes, state.heard.votes[at], Heard(sent.votes[at]), place, last);
  }
  const auto speaks = [&](const Word& word) { return Deliver(word, state); };
  const auto spoke = [&] { return decentd::explore::Rest{.speaks = true, .beyond = Beyond(state)}; };
  if (std::ranges::any_of(words, speaks)) return spoke();
  for (const Word& word : fetches) {
    const BroadcastHeard& heard = state.heard.broadcasts[word.slot];
    if (heard.certified() != word.values || heard.payload() != 0) continue;
    if (Deliver(word, state)) return spoke();
  }
  last.insert(last.begin(), {{Type::kSoft, sent.entered_by}, {Type::kHard, sent.entered_by}});
  if (std::ranges::any_of(last, speaks)) return spoke();
  struct Rest rest{.ended = state.code.ended()};
  if (!rest.ended) return rest;
  for (const auto& [author, digest] : state.code.agreed()) {
    const int slot = messages_.Place(author);
    rest.result |= uint64_t{messages_.DigestOf(slot, digest)} << 2 * slot;
  }
  return rest;
}

}  // namespace decentd::explore
