#include "tests/sim/explore/set_words.h"

#include <utility>

namespace decentd::explore {
namespace {

void Append(const std::string& part, std::string& text) {
  if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
}

std::string Proposal(ValueMask digest, const SetNames& names) {
  return (digest == kA) != names.swapped ? "A" : "B";
}

// "EST[1](0) of Z" of which slot, where there are several.
std::string OfSlot(const std::string& news, size_t slot, const SetNames& names) {
  if (news.empty() || names.slots.size() == 1) return news;
  return std::string("in the slot of ") + names.slots[slot] + " " + news;
}

std::string BroadcastNews(const BroadcastHeard& before, const BroadcastHeard& after,
                          const SetNames& names) {
  std::string text;
  if (after.first() != before.first()) {
    Append("the proposal " + Proposal(after.first(), names), text);
  } else if (after.payload() != before.payload() && after.certified() == before.certified()) {
    Append("the payload " + Proposal(after.payload(), names), text);
  }
  // Whose echoes made a certificate tells no states apart, so it is not known here.
  if (after.certified() != 0) {
    if (before.certified() == 0) {
      Append("the certificate of " + Proposal(after.certified(), names), text);
    }
    return text;
  }
  for (int sender = 0; sender < kSenders; ++sender) {
    if (after.Echo(sender) == before.Echo(sender)) continue;
    Append("ECHO(" + Proposal(after.Echo(sender), names) + ") of " +
               names.senders[static_cast<size_t>(sender)], text);
  }
  return text;
}

}  // namespace

SetHeard SetHeard::Reduced() const {
  SetHeard reduced = *this;
  for (BroadcastHeard& broadcast : reduced.broadcasts) {
    if (broadcast.certified() != 0) broadcast.ForgetEchoes();
  }
  if (clock.started) reduced.clock.entered_by = 0;
  return reduced;
}

bool SetHeard::Includes(const SetHeard& other) const {
  for (size_t slot = 0; slot < kMostSlots; ++slot) {
    if (!votes[slot].Includes(other.votes[slot])) return false;
    if (!broadcasts[slot].Includes(other.broadcasts[slot])) return false;
  }
  return clock.Includes(other.clock);
}

bool SetSaid::Add(int slot, const Vote& vote) {
  return votes_[static_cast<size_t>(slot)].Add(vote);
}

bool SetSaid::AddEcho(int slot, ValueMask digest) {
  return std::exchange(echoes_[static_cast<size_t>(slot)], digest) == 0;
}

uint64_t SetSaid::bits() const {
  static_assert(kMostSlots == 2);
  uint64_t bits = entered_;
  for (size_t slot = 0; slot < kMostSlots; ++slot) {
    bits = bits << 24 | echoes_[slot] << 20 | votes_[slot].bits();
  }
  return bits;
}

std::string News(const SetHeard& before, const SetHeard& after, const SetNames& names) {
  std::string text;
  for (size_t slot = 0; slot < names.slots.size(); ++slot) {
    std::string news = BroadcastNews(before.broadcasts[slot], after.broadcasts[slot], names);
    Append(News(before.votes[slot], after.votes[slot], names.senders), news);
    Append(OfSlot(news, slot, names), text);
  }
  for (int sender = 0; sender < kSenders; ++sender) {
    if (((after.clock.entered_by & ~before.clock.entered_by) >> sender & 1) == 0) continue;
    Append(std::string("ENTER of ") + names.senders[static_cast<size_t>(sender)], text);
  }
  if (after.clock.joined && !before.clock.joined) Append("the query", text);
  if (after.clock.soft && !before.clock.soft) Append("its soft deadline", text);
  if (after.clock.hard && !before.clock.hard) Append("its hard deadline", text);
  return text;
}

std::string News(const SetSaid& before, const SetSaid& after, const SetNames& names) {
  std::string text;
  if (after.entered() && !before.entered()) Append("ENTER", text);
  for (int slot = 0; slot < static_cast<int>(names.slots.size()); ++slot) {
    std::string news;
    if (after.echo(slot) != before.echo(slot)) {
      Append("ECHO(" + Proposal(after.echo(slot), names) + ")", news);
    }
    Append(News(before.votes(slot), after.votes(slot)), news);
    Append(OfSlot(news, static_cast<size_t>(slot), names), text);
  }
  return text;
}

}  // namespace decentd::explore
