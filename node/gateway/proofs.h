// The proofs of this node's rounds, verified again before anything is said of them, and the
// council's account of each, kept for those who ask again.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "node/api/council.h"
#include "node/gateway/workers.h"
#include "node/proof/verify.h"

namespace decentd {

// Thread-safe.
class Proofs {
 public:
  using Bundle = std::shared_ptr<const CheckedBundle>;

  // Both outlive it.
  Proofs(Council& council, Workers& workers) : council_(council), workers_(workers) {}

  // A certified round's proof. `done` on a worker's thread; NOT_FOUND while there is none,
  // DATA_LOSS where what is stored does not verify. False, and `done` is dropped, when too much
  // waits already.
  bool Verify(const RoundId& round, std::function<void(absl::StatusOr<Bundle>)> done);
  // The account (node/gateway/decent_json.h) of each of these rounds; empty where there is no proof
  // that holds. One by one, behind what else waits: a page of rounds keeps nobody's answer back.
  bool Accounts(std::vector<RoundId> rounds, std::function<void(std::vector<std::string>)> done);
  // The account of one, here and now: for a worker.
  std::string Account(const RoundId& round);

 private:
  struct Job {
    std::vector<RoundId> rounds;
    std::vector<std::string> accounts;
    std::function<void(std::vector<std::string>)> done;
  };

  bool Continue(std::shared_ptr<Job> job);
  absl::StatusOr<Bundle> Read(const RoundId& round);
  void Remember(const RoundId& round, const std::string& account);

  Council& council_;
  Workers& workers_;
  std::mutex mutex_;
  // The accounts asked for last, newest first: they never change, and a page asks again and again.
  std::list<std::pair<RoundId, std::string>> accounts_;
  std::map<RoundId, std::list<std::pair<RoundId, std::string>>::iterator> by_round_;
  size_t accounts_bytes_ = 0;
};

}  // namespace decentd
