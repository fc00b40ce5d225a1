#include "node/gateway/proofs.h"

#include "absl/strings/str_cat.h"
#include "node/gateway/decent_json.h"

namespace decentd {
namespace {

constexpr size_t kAccountsBytes = 16 * 1024 * 1024;

}  // namespace

bool Proofs::Verify(const RoundId& round, std::function<void(absl::StatusOr<Bundle>)> done) {
  return workers_.Run([this, round, done = std::move(done)] { done(Read(round)); },
                      Workers::Turn::kFirst);
}

bool Proofs::Accounts(std::vector<RoundId> rounds,
                      std::function<void(std::vector<std::string>)> done) {
  return Continue(std::make_shared<Job>(Job{std::move(rounds), {}, std::move(done)}));
}

bool Proofs::Continue(std::shared_ptr<Job> job) {
  return workers_.Run([this, job] {
    while (job->accounts.size() < job->rounds.size()) {
      job->accounts.push_back(Account(job->rounds[job->accounts.size()]));
      // Where too much waits it goes on here.
      if (job->accounts.size() < job->rounds.size() && Continue(job)) return;
    }
    job->done(std::move(job->accounts));
  });
}

absl::StatusOr<Proofs::Bundle> Proofs::Read(const RoundId& round) {
  const absl::StatusOr<RoundSummary> summary = council_.GetRound(round);
  if (!summary.ok()) return summary.status();
  const absl::StatusOr<std::string> bytes = council_.GetBundle(round);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<CheckedBundle> bundle = VerifyBundle(*bytes, nullptr);
  if (!bundle.ok()) {
    return absl::DataLossError(
        absl::StrCat("the round's proof does not hold: ", std::string(bundle.status().message())));
  }
  // The summary names a roster that this node has adopted.
  if (bundle->round != round || bundle->roster.cluster_id() != summary->cluster_id) {
    return absl::DataLossError("the round's proof is another round's");
  }
  bundle->authenticated = true;
  auto checked = std::make_shared<const CheckedBundle>(*std::move(bundle));
  return checked;
}

std::string Proofs::Account(const RoundId& round) {
  {
    std::lock_guard lock(mutex_);
    if (const auto found = by_round_.find(round); found != by_round_.end()) {
      accounts_.splice(accounts_.begin(), accounts_, found->second);
      return found->second->second;
    }
  }
  const absl::StatusOr<Bundle> bundle = Read(round);
  if (!bundle.ok()) return "";
  std::string account =
      DecentJson(**bundle).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  Remember(round, account);
  return account;
}

void Proofs::Remember(const RoundId& round, const std::string& account) {
  std::lock_guard lock(mutex_);
  if (by_round_.contains(round)) return;
  accounts_.emplace_front(round, account);
  by_round_[round] = accounts_.begin();
  accounts_bytes_ += account.size();
  while (accounts_bytes_ > kAccountsBytes && accounts_.size() > 1) {
    accounts_bytes_ -= accounts_.back().second.size();
    by_round_.erase(accounts_.back().first);
    accounts_.pop_back();
  }
}

}  // namespace decentd
