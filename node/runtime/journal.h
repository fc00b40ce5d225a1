// The journal of one round on disk: its events and this node's own statements, in order, one record
// a batch (docs/SPEC.md, section 11). Replaying it makes the same round, which says the same again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "decentd/store/v1/store.pb.h"
#include "node/codec/verifier.h"
#include "node/core/event.h"
#include "node/core/ids.h"

namespace decentd::journal {

void Append(const Event& event, store::v1::JournalRecord* record);
void AppendOwn(const Envelope& envelope, store::v1::JournalRecord* record);
void AppendQuery(const Verified<Query>& query, store::v1::JournalRecord* record);

struct Own {
  AnyVerified statement;
};
using Entry = std::variant<Verified<Query>, Event, Own>;

// DATA_LOSS when the bytes are not what Append made: the signatures inside are checked again.
absl::StatusOr<std::vector<Entry>> Decode(const store::v1::JournalRecord& record,
                                          const RoundId& round, const Verifier& verifier);

// A node set as bytes: bit i % 8 of byte i / 8 is node i.
std::string EncodeNodes(const NodeSet& nodes);
NodeSet DecodeNodes(std::string_view bytes);  // bits beyond kMaxNodes are ignored

}  // namespace decentd::journal
