#include "node/api/client_limits.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

// Clients looked at in one sweep of a full table, so that no request pays for all of them.
constexpr int kSweep = 64;

constexpr char kRetryAfter[] = "retry-after-seconds";

}  // namespace

std::optional<int64_t> RetryAfterSeconds(const absl::Status& status) {
  const absl::optional<absl::Cord> seconds = status.GetPayload(kRetryAfter);
  int64_t number = 0;
  if (!seconds || !absl::SimpleAtoi(std::string(*seconds), &number)) return std::nullopt;
  return number;
}

RunningCheck StillRunning(Council& council) {
  return [&council](const RoundId& round) -> std::optional<bool> {
    const absl::StatusOr<RoundSummary> summary = council.GetRound(round);
    if (absl::IsUnavailable(summary.status())) return std::nullopt;
    if (!summary.ok()) return !absl::IsNotFound(summary.status());
    return summary->state == RoundSummary::State::kRunning;
  };
}

ClientLimits::ClientLimits(Options options, RunningCheck still_running,
                           std::function<Clock::time_point()> now)
    : options_(std::move(options)),
      still_running_(std::move(still_running)),
      now_(std::move(now)) {}

const ClientLimits::Each& ClientLimits::LimitsOf(const PublicKey& key) const {
  const auto own = options_.own.find(key);
  return own == options_.own.end() ? options_.each : own->second;
}

void ClientLimits::Refill(Client& client, const Each& limits, Clock::time_point now) const {
  const double minutes =
      std::chrono::duration<double, std::ratio<60>>(now - client.refilled).count();
  client.tokens = std::min<double>(limits.requests_per_minute,
                                   client.tokens + minutes * limits.requests_per_minute);
  client.refilled = now;
}

absl::Status ClientLimits::Admit(const PublicKey& key, const RoundId& round) {
  const Each& limits = LimitsOf(key);
  std::unique_lock lock(mutex_);
  const Clock::time_point now = now_();
  if (!clients_.contains(key)) {
    if (clients_.size() >= options_.clients) Evict(lock, now);
    if (clients_.size() >= options_.clients) {
      return absl::ResourceExhaustedError(
          absl::StrCat("this node already serves ", options_.clients,
                       " clients; try again later or ask another node"));
    }
    clients_.try_emplace(key, Client{static_cast<double>(limits.requests_per_minute), now, {}});
  }
  Client* client = &clients_.at(key);
  Refill(*client, limits, now);
  if (limits.requests_per_minute != 0) {
    if (client->tokens < 1) {
      const double wait = std::ceil((1 - client->tokens) * 60 / limits.requests_per_minute);
      absl::Status refused = absl::ResourceExhaustedError(
          absl::StrCat("client ", key.Hex(), " has used its ", limits.requests_per_minute,
                       " requests per minute; try again in ", static_cast<int64_t>(wait), " s"));
      refused.SetPayload(kRetryAfter, absl::Cord(absl::StrCat(static_cast<int64_t>(wait))));
      return refused;
    }
    client->tokens -= 1;
  }
  if (client->rounds.contains(round)) return absl::OkStatus();
  if (limits.rounds_in_flight != 0 && client->rounds.size() >= limits.rounds_in_flight) {
    Prune(lock, key);
    client = &clients_[key];  // a sweep may have forgotten it meanwhile
    if (client->rounds.size() >= limits.rounds_in_flight) {
      return absl::ResourceExhaustedError(
          absl::StrCat("client ", key.Hex(), " already has ", client->rounds.size(),
                       " rounds in flight, as many as this node allows; wait for one to end"));
    }
  }
  client->rounds.try_emplace(round, false);
  return absl::OkStatus();
}

void ClientLimits::Settle(const PublicKey& key, const RoundId& round, bool accepted) {
  std::lock_guard lock(mutex_);
  const auto client = clients_.find(key);
  if (client == clients_.end()) return;
  const auto found = client->second.rounds.find(round);
  if (found == client->second.rounds.end()) return;
  if (accepted) {
    found->second = true;
  } else if (!found->second) {
    client->second.rounds.erase(found);
  }
}

void ClientLimits::Prune(std::unique_lock<std::mutex>& lock, const PublicKey& key) {
  std::vector<RoundId> accepted;
  for (const auto& [round, is_accepted] : clients_[key].rounds) {
    if (is_accepted) accepted.push_back(round);
  }
  lock.unlock();
  std::vector<RoundId> ended;
  for (const RoundId& round : accepted) {
    const std::optional<bool> running = still_running_(round);
    if (!running) break;  // each further look would wait as long
    if (!*running) ended.push_back(round);
  }
  lock.lock();
  const auto client = clients_.find(key);
  if (client == clients_.end()) return;
  for (const RoundId& round : ended) client->second.rounds.erase(round);
}

void ClientLimits::Evict(std::unique_lock<std::mutex>& lock, Clock::time_point now) {
  std::vector<PublicKey> keys;
  auto it = clients_.upper_bound(evict_after_);
  for (int i = 0; i < kSweep && i < static_cast<int>(clients_.size()); ++i) {
    if (it == clients_.end()) it = clients_.begin();
    keys.push_back(it->first);
    ++it;
  }
  if (!keys.empty()) evict_after_ = keys.back();
  for (const PublicKey& key : keys) {
    if (const auto found = clients_.find(key); found != clients_.end()) {
      if (!found->second.rounds.empty()) Prune(lock, key);
    }
    if (const auto found = clients_.find(key); found != clients_.end()) {
      const Each& limits = LimitsOf(key);
      Refill(found->second, limits, now);
      if (found->second.rounds.empty() && found->second.tokens >= limits.requests_per_minute) {
        clients_.erase(found);
      }
    }
  }
}

size_t ClientLimits::clients() const {
  std::lock_guard lock(mutex_);
  return clients_.size();
}

}  // namespace decentd
