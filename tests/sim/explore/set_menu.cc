// What may arrive at a node of a set agreement.
#include <algorithm>
#include <bit>

#include "tests/sim/explore/set_node.h"

namespace decentd::explore {
namespace {

// Who may sign a certificate of what is echoed, the liar always: the first so many. 0: too few.
uint8_t Signers(const BroadcastHeard& echoes, ValueMask digest, int quorum) {
  uint8_t signers = SenderBit(kLiar);
  for (int sender = 0; sender < kHonest && std::popcount(signers) < quorum; ++sender) {
    if (echoes.Echo(sender) == digest) signers |= SenderBit(sender);
  }
  return std::popcount(signers) == quorum ? signers : 0;
}

}  // namespace

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
    all |= SenderBit(sender);
    const Word one{Word::Type::kEchoes, SenderBit(sender), 0, digest, static_cast<uint8_t>(slot)};
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
    if (std::popcount(enters) < roster_.n() - roster_.f()) enters |= SenderBit(kLiar);
    if (std::popcount(enters) < roster_.n() - roster_.f()) return;
  } else {
    for (int sender = 0; sender < kSenders; ++sender) {
      if (sender != kLiar && (sent.entered_by >> sender & 1) == 0) continue;
      if ((clock.entered_by >> sender & 1) == 0) menu.push_back({Word::Type::kEnter, SenderBit(sender)});
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
      words.push_back({Type::kEchoes, SenderBit(sender), 0, echoes.Echo(sender), place});
    }
    for (int sender = 0; sender < kHonest; ++sender) {
      if (echoes.Echo(sender) == 0) continue;
      fetches.push_back({Type::kPropose, 0, 0, echoes.Echo(sender), place});
    }
    AddAllEst(scope_.votes, state.heard.votes[at], Heard(sent.votes[at]), place, last);
  }
  const auto speaks = [&](const Word& word) { return Deliver(word, state); };
  const auto spoke = [&] {
    return decentd::explore::Rest{.speaks = true, .beyond = Beyond(state)};
  };
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
