#include "node/core/fault.h"

namespace decentd {

std::string_view FaultName(FaultKind kind) {
  switch (kind) {
    case FaultKind::kUndecodable:
      return "undecodable";
    case FaultKind::kTooLarge:
      return "too_large";
    case FaultKind::kUnknownAuthor:
      return "unknown_author";
    case FaultKind::kBadSignature:
      return "bad_signature";
    case FaultKind::kWrongRole:
      return "wrong_role";
    case FaultKind::kInvalidSheet:
      return "invalid_sheet";
    case FaultKind::kEquivocation:
      return "equivocation";
    case FaultKind::kInvalidCertificate:
      return "invalid_certificate";
    case FaultKind::kInvalidRecord:
      return "invalid_record";
    case FaultKind::kOverBudget:
      return "over_budget";
  }
  return "unknown";
}

}  // namespace decentd
