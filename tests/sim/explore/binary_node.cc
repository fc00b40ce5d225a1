#include "tests/sim/explore/binary_node.h"

#include <algorithm>

namespace decentd::explore {
namespace {

NodeIndex Index(int node) { return NodeIndex{static_cast<uint16_t>(node)}; }

}  // namespace

// The liar's own slot: what its author sends, and to whom, is its business alone. Which of the
// honest nodes this is makes no difference before there are hints.
BinaryRules::BinaryRules(const Roster& roster, const VoteScope& scope)
    : scope_(scope), fresh_(roster, NodeIndex{0}, Slot{Phase::kAnswer, NodeIndex{kLiar}}) {}

Word BinaryRules::Image(Word word, int way) const {
  if ((way & kMirrored) != 0 && (word.sender == 1 || word.sender == 2)) {
    word.sender = static_cast<uint8_t>(3 - word.sender);
  }
  return word;
}

std::vector<Word> BinaryRules::Menu(const State& state, int, const Sent& sent) const {
  std::vector<Word> menu;
  const Heard heard = Reduced(state.heard);
  if (sent.certificate && !heard.certificate()) menu.push_back({Word::Type::kCertificate});
  if (!heard.input()) menu.push_back({Word::Type::kInput});
  const uint32_t now = std::max<uint32_t>(1, state.code.round());
  AddNextVotes(scope_, heard, state.said, Heard(sent.votes), {now, now}, 0, menu);
  return menu;
}

std::optional<Heard> BinaryRules::Foreseen(const Word& word, Heard heard) const {
  if (word.type == Word::Type::kCertificate || word.type == Word::Type::kInput) return {};
  Note(word, heard);
  return heard;
}

bool BinaryRules::Deliver(const Word& word, State& state) const {
  using Type = Word::Type;
  Effects out;
  state.path.push_back(word);
  Note(word, state.heard);
  switch (word.type) {
    case Type::kCertificate:
      state.heard.AddCertificate();
      state.code.OnCertificate(out);
      break;
    case Type::kInput:
      state.heard.AddInput();
      state.code.Propose(state.heard.certificate(), out);
      break;
    case Type::kEst:
      state.code.OnEst(Index(word.sender), word.round, word.values == 2, out);
      break;
    case Type::kAux:
      state.code.OnAux(Index(word.sender), word.round, word.values, out);
      break;
    case Type::kDecided:
      state.code.OnDecided(Index(word.sender), word.values == 2, out);
      break;
    default:
      break;
  }
  for (const Vote& vote : out.votes) {
    if (!state.said.Add(vote)) state.wrong = "says " + Name(vote) + " twice";
  }
  return !out.votes.empty();
}

Rest BinaryRules::Rest(State state, const Sent& sent, bool decided_first) const {
  const Heard votes(sent.votes);
  std::vector<Word> words;
  AddAllOthers(scope_, state.heard, votes, decided_first, 0, words);
  if (sent.certificate && !state.heard.certificate()) words.push_back({Word::Type::kCertificate});
  if (!state.heard.input()) words.push_back({Word::Type::kInput});
  AddAllEst(scope_, state.heard, votes, 0, words);
  const bool speaks =
      std::ranges::any_of(words, [&](const Word& word) { return Deliver(word, state); });
  return {.speaks = speaks,
          .beyond = Beyond(state),
          .ended = state.said.Decided() != 0,
          .result = state.said.Decided()};
}

}  // namespace decentd::explore
