#include "tests/sim/node.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <type_traits>
#include <utility>

#include "node/runtime/binding.h"
#include "node/runtime/exchange.h"
#include "node/runtime/pace.h"
#include "tests/sim/heap_account.h"
#include "tests/sim/scratch_folder.h"

namespace decentd::sim {
namespace {

constexpr int64_t kRetryWriteMs = 1'000;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kLongestHoldMs = pace::kLongestHold.count();
// Clocks of the day differ by less than what the protocol allows for.
constexpr int64_t kSkewMs = 20'000;
constexpr int64_t kWatermarkMarginMs = 10 * 60 * 1'000;

int64_t Milliseconds(std::chrono::microseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

Node::Node(const Cluster& cluster, Scheduler& scheduler, Outside& outside, SimModels& models,
           const Options& options)
    : cluster_(cluster),
      scheduler_(scheduler),
      outside_(outside),
      models_(models),
      options_(options),
      random_(options.random),
      monotonic_offset_ms_(random_.Between(0, 1'000'000'000)),
      unix_offset_ms_(random_.Between(-kSkewMs, kSkewMs)),
      disk_(random_.Fork(1)) {}

Now Node::Clock() const {
  return {scheduler_.now_ms() + monotonic_offset_ms_,
          kEpochMs + scheduler_.now_ms() + unix_offset_ms_};
}

absl::Status Node::Start() {
  const HeapAccount account(self().value);
  verifier_ = std::make_unique<Verifier>(cluster_.roster(), cluster_.scheme(),
                                         options_.keep.verifier_cache);
  reader_ = std::make_unique<FrameReader>(*verifier_);
  Replica::Options options;
  options.self = self();
  options.boot = ++boot_;
  options.retention = options_.keep.retention;
  Output first;
  auto replica = Replica::Recover(cluster_.roster(), options, cluster_.signer(self()), *verifier_,
                                  disk_, Clock(), &first);
  if (!replica.ok()) return replica.status();
  replica_ = *std::move(replica);
  for (const ModelCall& call : first.model_calls) Call(call);
  Hold(std::move(first));
  Commit();
  return absl::OkStatus();
}

void Node::Crash() {
  if (syncing_) disk_.Crash();
  replica_ = nullptr;
  mailbox_.clear();
  held_.clear();
  held_urgent_ = false;
  writing_ = {};
  syncing_ = false;
  wake_ms_.reset();
}

absl::Status Node::ReplaceDisk(std::unique_ptr<MemStore> content, bool accept_lost_database) {
  disk_.Replace(std::move(content));
  if (!accept_lost_database) return absl::OkStatus();
  const ScratchFolder folder;
  const auto boot = AcceptLostDatabase(
      disk_, folder.path() + "/identity.binding",
      Clock().unix_ms + static_cast<int64_t>(cluster_.roster().parameters().longest_lifetime_ms) +
          kWatermarkMarginMs);
  return boot.status();
}

void Node::OnFrame(NodeIndex from, const peer::v1::Frame& frame) {
  if (!up()) return;
  FrameReader::Result read;
  {
    const HeapAccount account(self().value);
    read = reader_->Read(from, frame);
  }
  Push(std::move(read.inputs));
}

void Node::OnLink(NodeIndex peer, bool linked) {
  if (!up()) return;
  if (linked) {
    Push({input::LinkUp{peer}});
  } else {
    reader_->Forget(peer);
    Push({input::LinkDown{peer}});
  }
}

void Node::Push(std::vector<Input> inputs) {
  if (!up()) return;
  for (Input& in : inputs) mailbox_.push_back(std::move(in));
  Poke();
}

void Node::Poke() {
  while (up() && !syncing_) {
    const int64_t now = Clock().monotonic_ms;
    const int64_t write_at = held_.empty() ? kNever : held_since_ms_ + kLongestHoldMs;
    if (held_urgent_ || now >= write_at) {
      Commit();
      continue;
    }
    const int64_t step_at =
        mailbox_.empty() ? replica_->NextWakeMs()
                         : stepped_ms_ + Milliseconds(pace::Gather(replica_->open_rounds()));
    if (now < step_at) return WakeAt(std::min(step_at, write_at));
    Step();
  }
}

void Node::WakeAt(int64_t monotonic_ms) {
  const int64_t time = monotonic_ms - monotonic_offset_ms_;
  if (wake_ms_ && *wake_ms_ <= time) return;
  wake_ms_ = time;
  scheduler_.At(time, [this, time, boot = boot_] {
    if (boot_ != boot || wake_ms_ != time) return;
    wake_ms_.reset();
    Poke();
  });
}

void Node::Step() {
  std::vector<Input> batch = std::exchange(mailbox_, {});
  if (batch.size() > pace::kMaxBatch) {
    const auto rest = batch.begin() + pace::kMaxBatch;
    mailbox_.assign(std::make_move_iterator(rest), std::make_move_iterator(batch.end()));
    batch.erase(rest, batch.end());
  }
  Output output;
  {
    const HeapAccount account(self().value);
    output = replica_->Process(std::move(batch), Clock());
  }
  stepped_ms_ = Clock().monotonic_ms;
  for (const ModelCall& call : output.model_calls) Call(call);
  outside_.OnStepped(*this);
  Hold(std::move(output));
}

void Node::Hold(Output output) {
  if (output.writes.empty() && output.actions.empty()) return;
  if (held_.empty()) held_since_ms_ = stepped_ms_;
  held_urgent_ |= pace::IsUrgent(output);
  held_.push_back(std::move(output));
}

void Node::Commit() {
  held_urgent_ = false;
  for (Output& output : held_) writing_.Append(std::move(output.writes));
  syncing_ = true;
  int64_t wait = 0;
  if (!writing_.empty()) {
    disk_.Begin(writing_);
    wait = random_.Between(0, options_.longest_sync_ms);
  }
  scheduler_.In(wait, [this, boot = boot_] { FinishSync(boot); });
}

void Node::FinishSync(uint64_t boot) {
  if (!up() || boot_ != boot) return;
  if (!writing_.empty()) {
    const absl::Status status = disk_.Finish();
    if (absl::IsResourceExhausted(status)) {
      scheduler_.In(kRetryWriteMs, [this, boot] { FinishSync(boot); });
      return;
    }
    if (!status.ok()) return;  // it says nothing more until it is started again
    outside_.OnWritten(*this, writing_);
    writing_ = {};
  }
  for (Output& output : std::exchange(held_, {})) Do(output.actions);
  syncing_ = false;
  Poke();
}

void Node::Do(std::vector<Action>& actions) {
  for (const Action& action : actions) {
    std::visit(
        [this](const auto& a) {
          using T = std::decay_t<decltype(a)>;
          if constexpr (std::is_same_v<T, action::Send>) {
            outside_.OnSend(*this, a.peer, a.frame);
          } else if constexpr (std::is_same_v<T, action::AskRecord>) {
            const uint64_t from = reader_->ExpectRecord(a.peer, a.round);
            outside_.OnSend(*this, a.peer, exchange::WantRecord(a.round, from));
          } else if constexpr (std::is_same_v<T, action::DropRecord>) {
            reader_->DropRecord(a.round);
          } else if constexpr (std::is_same_v<T, action::Publish>) {
            outside_.OnPublish(*this, a);
          } else if constexpr (std::is_same_v<T, action::Submitted>) {
            outside_.OnSubmitted(*this, a);
          } else if constexpr (std::is_same_v<T, action::CountFault>) {
            outside_.OnFaultCounted(*this, a.peer, a.kind);
          } else if constexpr (std::is_same_v<T, action::Voting> ||
                               std::is_same_v<T, action::Halted>) {
            // For people; what a node says shows whether it votes.
          } else {
            static_assert(std::is_same_v<T, action::Report>);
            outside_.OnReport(*this, a);
          }
        },
        action);
  }
}

void Node::Call(const ModelCall& call) {
  if (const auto* answer = std::get_if<action::StartAnswer>(&call)) {
    Expect(answer->request.round, Phase::kAnswer, models_.Answer(answer->request));
  } else if (const auto* judge = std::get_if<action::StartJudge>(&call)) {
    Expect(judge->request.round, Phase::kSheet, models_.Judge(judge->request));
  }
}

void Node::Expect(const RoundId& round, Phase phase, std::optional<Reply> reply) {
  if (!reply) return;
  scheduler_.In(reply->after_ms,
                [this, boot = boot_, round, phase, payload = std::move(reply->payload)] {
                  if (boot_ == boot) Push({input::ModelFinished{round, phase, payload}});
                });
}

}  // namespace decentd::sim
