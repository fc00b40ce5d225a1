#include "node/runtime/database_check.h"

#include <optional>
#include <set>
#include <utility>

#include "node/codec/record_codec.h"
#include "node/codec/verifier.h"
#include "node/proof/verify.h"
#include "node/runtime/archive.h"
#include "node/runtime/journal.h"
#include "node/runtime/keys.h"
#include "node/runtime/seat_table.h"
#include "storage/keyspace.h"

namespace decentd {
namespace {

class DatabaseCheck {
 public:
  DatabaseCheck(const Store& store, const Roster& roster,
                const std::function<void(uint64_t)>& progress, DatabaseReport& report)
      : store_(store),
        verifier_(roster, Ed25519Scheme()),
        progress_(progress),
        report_(report) {}

  absl::Status Run() {
    for (const auto& part : {&DatabaseCheck::Rounds, &DatabaseCheck::Journals,
                             &DatabaseCheck::EvidenceRecords}) {
      if (absl::Status status = (this->*part)(); !status.ok()) return status;
    }
    if (const auto why = store_.Get(keys::kHalted); why.ok()) report_.halted = *why;
    return absl::OkStatus();
  }

 private:
  void Problem(const std::string& what, const absl::Status& status) {
    report_.problems.push_back(what + ": " + std::string(status.message()));
  }
  template <class Visit>
  absl::Status Each(std::string_view prefix, const Visit& visit) {
    return store_.Scan(prefix, PrefixEnd(prefix), false,
                       [&](std::string_view key, std::string_view value) {
                         if (++records_ % 100 == 0 && progress_) progress_(records_);
                         visit(key, value);
                         return true;
                       });
  }

  // Of whatever roster decided them: old ones stay verifiable.
  absl::Status Rounds() {
    return Each(keys::kSummary, [&](std::string_view key, std::string_view value) {
      const std::optional<RoundId> round = keys::RoundOf(key);
      store::v1::RoundSummary summary;
      if (!round || !summary.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
        report_.problems.push_back("a finished round has a summary that does not decode");
        return;
      }
      const std::string name = "round " + round->Hex();
      const absl::StatusOr<std::string> bundle = archive::ReadBundle(store_, *round);
      if (!bundle.ok()) return Problem(name, bundle.status());
      const absl::StatusOr<CheckedBundle> checked = VerifyBundle(*bundle, nullptr);
      if (!checked.ok()) return Problem(name, checked.status());
      if (checked->round != *round) {
        report_.problems.push_back(name + ": its proof is of another round");
        return;
      }
      ++report_.rounds;
    });
  }

  absl::Status Journals() {
    std::set<RoundId> open, damaged;
    const absl::Status status =
        Each(keys::kJournal, [&](std::string_view key, std::string_view value) {
          const std::optional<RoundId> round = keys::RoundOf(key);
          if (!round) {
            report_.problems.push_back("a journal record has no round");
            return;
          }
          open.insert(*round);
          store::v1::JournalRecord record;
          const bool parsed = record.ParseFromArray(value.data(), static_cast<int>(value.size()));
          const auto entries = parsed ? journal::Decode(record, *round, verifier_)
                                      : absl::DataLossError("a record does not decode");
          if (!entries.ok() && damaged.insert(*round).second) {
            Problem("the journal of open round " + round->Hex(), entries.status());
          }
        });
    report_.open_rounds += open.size() - damaged.size();
    return status;
  }

  absl::Status EvidenceRecords() {
    return Each(keys::kEvidence, [&](std::string_view, std::string_view value) {
      if (const auto record = DecodeEvidence(value); !record.ok()) {
        Problem("a piece of evidence", record.status());
      } else {
        ++report_.evidence;
      }
    });
  }

  const Store& store_;
  const Verifier verifier_;
  const std::function<void(uint64_t)>& progress_;
  uint64_t records_ = 0;
  DatabaseReport& report_;
};

}  // namespace

absl::StatusOr<DatabaseReport> CheckDatabase(Store& store, const Roster& roster,
                                             const std::function<void(uint64_t)>& progress) {
  const absl::StatusOr<std::vector<SeatRecord>> adopted = seat_table::Read(store);
  if (!adopted.ok()) return adopted.status();
  DatabaseReport report;
  if (const auto why = store.Get(keys::kNotANodes); why.ok()) report.not_a_nodes = *why;
  if (adopted->empty()) {
    const absl::Status status = DatabaseCheck(store, roster, progress, report).Run();
    if (!status.ok()) return status;
  }
  for (const SeatRecord& record : *adopted) {
    const Keyspace keyspace(store, record.keyspace);
    const absl::Status status = DatabaseCheck(keyspace, record.roster, progress, report).Run();
    if (!status.ok()) return status;
  }
  return report;
}

}  // namespace decentd
