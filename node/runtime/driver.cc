#include "node/runtime/driver.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "node/runtime/exchange.h"
#include "node/runtime/pace.h"

namespace decentd {
namespace {

constexpr auto kRetryWrite = std::chrono::seconds(1);

}  // namespace

Now Driver::Clock() {
  using namespace std::chrono;
  return {duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count(),
          duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
}

Driver::Driver(const Verifier& verifier, Store& store, Models& models, std::string version, Log log)
    : verifier_(verifier),
      store_(store),
      models_(models),
      version_(std::move(version)),
      log_(std::move(log)),
      started_unix_ms_(Clock().unix_ms),
      board_(store),
      reader_(verifier) {
  answers_->driver = this;
}

// A model may answer at any time later, and finds nobody.
Driver::~Driver() {
  Stop();
  std::lock_guard lock(answers_->mutex);
  answers_->driver = nullptr;
}

void Driver::Start(std::unique_ptr<Replica> replica, Output first, Links& links) {
  links_ = &links;
  replica_ = std::move(replica);
  for (ModelCall& call : first.model_calls) Call(call);
  held_.push_back(std::move(first));
  held_urgent_ = true;
  thread_ = std::thread([this] { Run(); });
}

void Driver::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::map<uint64_t, std::function<void(absl::StatusOr<RoundId>)>> submissions;
  {
    std::lock_guard lock(mutex_);
    submissions.swap(submissions_);
  }
  for (auto& [ticket, done] : submissions) {
    done(absl::UnavailableError("the node is shutting down"));
  }
}

void Driver::End(std::string reason) {
  {
    std::lock_guard lock(mutex_);
    give_up_ = std::move(reason);
  }
  Stop();
}

void Driver::Halt(std::string reason) {
  Push(std::nullopt, {input::Halt{std::move(reason)}}, 0);
}

void Driver::Run() {
  pthread_setname_np(pthread_self(), "decentd-core");  // for top -H and debuggers
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    AnswerQuestions(lock);
    const auto now = SteadyClock::now();
    if (held_urgent_ || (!held_.empty() && now >= held_since_ + pace::kLongestHold)) {
      lock.unlock();
      Commit();
      lock.lock();
      continue;
    }
    const auto step_at = StepAt();
    if (now >= step_at) {
      Step(lock);
      continue;
    }
    const bool waits_for_mail = mailbox_.empty();
    wakes_.wait_until(lock, held_.empty() ? step_at : std::min(step_at, held_since_ + pace::kLongestHold),
                      [&] {
                        return stopping_ || !questions_.empty() ||
                               (waits_for_mail && !mailbox_.empty());
                      });
  }
  const std::optional<std::string> give_up = give_up_;
  lock.unlock();
  if (give_up) held_.push_back(replica_->Process({input::GiveUp{*give_up}}, Clock()));
  Commit();
}

// Mail is stepped at once, or some time after the batch before it; without mail there are timers.
Driver::SteadyClock::time_point Driver::StepAt() const {
  if (mailbox_.empty()) {
    return SteadyClock::time_point(std::chrono::milliseconds(replica_->NextWakeMs()));
  }
  return stepped_ + pace::Gather(replica_->open_rounds());
}

void Driver::Step(std::unique_lock<std::mutex>& lock) {
  std::vector<Input> batch;
  const size_t count = std::min(mailbox_.size(), pace::kMaxBatch);
  for (size_t i = 0; i < count; ++i) {
    Queued& queued = mailbox_[i];
    if (queued.from) mailbox_bytes_[*queued.from] -= queued.bytes;
    batch.push_back(std::move(queued.input));
  }
  mailbox_.erase(mailbox_.begin(), mailbox_.begin() + static_cast<std::ptrdiff_t>(count));
  lock.unlock();
  Output output = replica_->Process(std::move(batch), Clock());
  for (ModelCall& call : output.model_calls) Call(call);
  stepped_ = SteadyClock::now();
  if (!output.writes.empty() || !output.actions.empty()) {
    if (held_.empty()) held_since_ = stepped_;
    held_urgent_ |= pace::IsUrgent(output);
    held_.push_back(std::move(output));
  }
  lock.lock();
}

// Makes durable what was stepped, then does what it asked for: nothing of it is seen by anyone
// before.
void Driver::Commit() {
  WriteBatch writes;
  for (Output& output : held_) writes.Append(std::move(output.writes));
  if (!writes.empty() && !WriteUntilDurable(writes)) return;
  for (Output& output : std::exchange(held_, {})) {
    for (Action& action : output.actions) Do(action);
  }
  held_urgent_ = false;
}

// False when the node was stopped before it was durable: nobody has seen anything of it.
bool Driver::WriteUntilDurable(const WriteBatch& writes) {
  std::optional<absl::StatusCode> told;  // the problem as the log has it
  for (;;) {
    const absl::Status status = store_.WriteSynced(writes);
    if (status.ok()) break;
    const bool full = absl::IsResourceExhausted(status);
    const std::string problem = "cannot write to the database: " + std::string(status.message());
    SetDiskProblem(problem);
    if (told != status.code()) {
      log_(Severity::kWarning,
           problem + (full ? "; the node says nothing until it can, and loses nothing"
                           : "; the node says nothing more until it is started again"));
    }
    told = status.code();
    std::unique_lock lock(mutex_);
    if (!AnswerUntil(full ? SteadyClock::now() + kRetryWrite : SteadyClock::time_point::max(),
                     lock)) {
      return false;
    }
  }
  ++synced_writes_;
  bytes_written_ += writes.bytes();
  if (told) {
    SetDiskProblem("");
    log_(Severity::kInfo, "the database can be written again; the node goes on where it was");
  }
  return true;
}

void Driver::SetDiskProblem(std::string problem) {
  {
    std::lock_guard lock(mutex_);
    disk_problem_ = std::move(problem);
  }
  TellVoting();
}

void Driver::TellVoting() {
  bool voting = false;
  {
    std::lock_guard lock(mutex_);
    voting = disk_problem_.empty() && not_voting_.empty();
  }
  voting_.Set(voting);
}

void Driver::AnswerQuestions(std::unique_lock<std::mutex>& lock) {
  for (auto& question : std::exchange(questions_, {})) {
    lock.unlock();
    question(*replica_);
    lock.lock();
  }
}

// False when the node is stopped meanwhile.
bool Driver::AnswerUntil(SteadyClock::time_point end, std::unique_lock<std::mutex>& lock) {
  while (!stopping_ && SteadyClock::now() < end) {
    AnswerQuestions(lock);
    const auto woken = [&] { return stopping_ || !questions_.empty(); };
    if (end == SteadyClock::time_point::max()) {
      wakes_.wait(lock, woken);
    } else {
      wakes_.wait_until(lock, end, woken);
    }
  }
  return !stopping_;
}

void Driver::Do(Action& action) {
  std::visit(
      [this](auto& a) {
        using T = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<T, action::Send>) {
          if (a.peer) {
            links_->Send(*a.peer, a.frame);
          } else {
            links_->Broadcast(a.frame);
          }
        } else if constexpr (std::is_same_v<T, action::AskRecord>) {
          links_->Send(a.peer, exchange::WantRecord(a.round, reader_.ExpectRecord(a.peer, a.round)));
        } else if constexpr (std::is_same_v<T, action::DropRecord>) {
          reader_.DropRecord(a.round);
        } else if constexpr (std::is_same_v<T, action::Publish>) {
          if (observe_event_) observe_event_(a.round, a.event);
          board_.Publish(a.round, a.event);
        } else if constexpr (std::is_same_v<T, action::Submitted>) {
          std::function<void(absl::StatusOr<RoundId>)> done;
          {
            std::lock_guard lock(mutex_);
            if (auto it = submissions_.find(a.ticket); it != submissions_.end()) {
              done = std::move(it->second);
              submissions_.erase(it);
            }
          }
          if (done) done(std::move(a.result));
        } else if constexpr (std::is_same_v<T, action::CountFault>) {
          links_->CountFault(a.peer);
        } else if constexpr (std::is_same_v<T, action::Voting>) {
          {
            std::lock_guard lock(mutex_);
            not_voting_ = std::move(a.not_because);
          }
          TellVoting();
        } else if constexpr (std::is_same_v<T, action::Halted>) {
          if (on_halt_) on_halt_(a.reason);
        } else {
          static_assert(std::is_same_v<T, action::Report>);
          log_(a.serious ? Severity::kWarning : Severity::kInfo, a.text);
        }
      },
      action);
}

void Driver::ModelAnswers::Take(const RoundId& round, Phase phase, Payload payload) {
  std::lock_guard lock(mutex);
  if (driver == nullptr) return;
  driver->Push(std::nullopt, {input::ModelFinished{round, phase, std::move(payload)}}, 0);
}

void Driver::Call(ModelCall& call) {
  std::visit(
      [this](auto& a) {
        using T = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<T, action::StartAnswer>) {
          const RoundId round = a.request.round;
          models_.Answer(std::move(a.request),
                         [answers = answers_, round](std::variant<Answer, Abstain> result) {
                           Payload payload = std::visit(
                               [](auto& r) -> Payload { return std::move(r); }, result);
                           answers->Take(round, Phase::kAnswer, std::move(payload));
                         });
        } else if constexpr (std::is_same_v<T, action::StartJudge>) {
          const RoundId round = a.request.round;
          models_.Judge(std::move(a.request),
                        [answers = answers_, round](std::variant<Judgement, Abstain> result) {
                          Payload payload;
                          if (auto* judged = std::get_if<Judgement>(&result)) {
                            payload = Sheet{{}, std::move(judged->entries),
                                            std::move(judged->scorer), judged->usage};
                          } else {
                            payload = std::get<Abstain>(std::move(result));
                          }
                          answers->Take(round, Phase::kSheet, std::move(payload));
                        });
        } else if constexpr (std::is_same_v<T, action::PrepareJudge>) {
          models_.PrepareJudge(std::move(a.request));
        } else {
          static_assert(std::is_same_v<T, action::CancelModels>);
          models_.Cancel(a.round);
        }
      },
      call);
}

bool Driver::Ask(std::function<void(const Replica&)> question) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable answered;
    bool done = false, given_up = false;
  };
  auto shared = std::make_shared<Shared>();
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return false;
    questions_.push_back([shared, question = std::move(question)](const Replica& replica) {
      std::lock_guard asking(shared->mutex);
      if (shared->given_up) return;  // what it captured is gone
      question(replica);
      shared->done = true;
      shared->answered.notify_all();
    });
  }
  wakes_.notify_one();
  std::unique_lock lock(shared->mutex);
  shared->given_up =
      !shared->answered.wait_for(lock, std::chrono::seconds(1), [&] { return shared->done; });
  return shared->done;
}

}  // namespace decentd
