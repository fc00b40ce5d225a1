#include "tools/drill/copier.h"

#include <algorithm>
#include <utility>

#include "node/codec/peer_codec.h"

namespace decentd::drill {
namespace {

constexpr size_t kMaxRounds = 64;  // remembered; a drill asks one question at a time

bool IsForAnswers(const Sheet& sheet, const std::vector<CandidateAnswer>& answers) {
  return std::ranges::equal(sheet.entries, answers, {}, &SheetEntry::author,
                            &CandidateAnswer::author);
}

}  // namespace

class Copier::Ear final : public LinkReceiver {
 public:
  Ear(Copier& copier, LinkReceiver& real) : copier_(copier), real_(real) {}
  void OnLinkUp(NodeIndex peer) override { real_.OnLinkUp(peer); }
  void OnLinkDown(NodeIndex peer) override { real_.OnLinkDown(peer); }
  void OnFrame(NodeIndex peer, peer::v1::Frame frame) override {
    if (frame.has_envelopes()) copier_.Hear(frame);
    real_.OnFrame(peer, std::move(frame));
  }

 private:
  Copier& copier_;
  LinkReceiver& real_;
};

Copier::Copier(const Roster& roster) : roster_(roster), thread_([this] { Run(); }) {}

Copier::~Copier() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  for (Waiting& waiting : waiting_) {
    waiting.give_up({AbstainReason::kShuttingDown, "the node is shutting down"});
  }
}

std::unique_ptr<LinkReceiver> Copier::ListenBefore(LinkReceiver& real) {
  return std::make_unique<Ear>(*this, real);
}

void Copier::Hear(const peer::v1::Frame& frame) {
  for (const auto& envelope : frame.envelopes().envelopes()) {
    if (envelope.kind() != types::v1::KIND_PROPOSE) continue;
    std::optional<Propose> propose = DecodePropose(roster_, envelope.body());
    if (!propose) continue;
    const std::lock_guard lock(mutex_);
    Seen& seen = SeenOf(propose->round);
    if (seen.over) continue;
    if (auto* answer = std::get_if<decentd::Answer>(&propose->payload)) {
      if (!seen.answer) seen.answer = std::move(*answer);
    } else if (auto* sheet = std::get_if<Sheet>(&propose->payload)) {
      if (seen.sheets.size() < static_cast<size_t>(roster_.n())) {
        seen.sheets.push_back(std::move(*sheet));
      }
    }
    news_ = true;
    changed_.notify_all();
  }
}

Copier::Seen& Copier::SeenOf(const RoundId& round) {
  if (seen_.size() >= kMaxRounds && !seen_.contains(round)) seen_.erase(seen_.begin());
  return seen_[round];
}

void Copier::Answer(AnswerRequest request, AnswerDone done) {
  Wait({request.round,
        [done](const Seen& seen) {
          if (seen.answer) done(*seen.answer);
          return seen.answer.has_value();
        },
        [done](Abstain abstain) { done(std::move(abstain)); }});
}

void Copier::Judge(JudgeRequest request, JudgeDone done) {
  Wait({request.round,
        [answers = std::move(request.answers), done](const Seen& seen) {
          for (const Sheet& sheet : seen.sheets) {
            if (!IsForAnswers(sheet, answers)) continue;
            done(Judgement{sheet.entries, sheet.scorer, sheet.usage});
            return true;
          }
          return false;
        },
        [done](Abstain abstain) { done(std::move(abstain)); }});
}

void Copier::Cancel(const RoundId& round) {
  const std::lock_guard lock(mutex_);
  SeenOf(round) = {std::nullopt, {}, true};
  news_ = true;
  changed_.notify_all();
}

void Copier::Wait(Waiting waiting) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(waiting));
  news_ = true;
  changed_.notify_all();
}

// Callbacks run here, with no lock held: they call into the node.
void Copier::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return news_ || stopping_; });
    if (stopping_) return;
    news_ = false;
    std::list<Waiting> calls;
    calls.swap(waiting_);
    for (auto call = calls.begin(); call != calls.end(); call = calls.erase(call)) {
      const Seen seen = SeenOf(call->round);
      lock.unlock();
      bool done = true;
      if (seen.over) {
        call->give_up({AbstainReason::kModelFailed, "cancelled: the round is over"});
      } else {
        done = call->serve(seen);
      }
      lock.lock();
      if (!done) waiting_.push_back(std::move(*call));
    }
  }
}

}  // namespace decentd::drill
