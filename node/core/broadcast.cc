#include "node/core/broadcast.h"

namespace decentd {

bool Broadcast::OnPropose(const Verified<Propose>& propose, Effects& out) {
  const Digest& digest = propose.body_digest();
  if (!first_) {
    first_ = propose;
    return true;
  }
  if (first_->body_digest() == digest) return false;
  if (!evidence_given_) {
    evidence_given_ = true;
    out.evidence.push_back({Evidence::Type::kProposals, slot_.author, first_->envelope(),
                            propose.envelope()});
    out.accepted = true;
  }
  if (certified_ != digest || other_) return false;
  other_ = propose;
  return true;
}

bool Broadcast::OnEcho(const Digest& digest, const Verified<Votes>& votes, Effects& out) {
  auto [it, added] = echoes_.try_emplace(votes.author(), digest, votes);
  if (!added) {
    if (it->second.first != digest && blamed_.Add(votes.author())) {
      out.evidence.push_back({Evidence::Type::kEchoes, votes.author(),
                              it->second.second.envelope(), votes.envelope()});
    }
    return false;
  }
  if (certified_) return false;
  std::vector<Verified<Votes>> same;
  for (const auto& [author, echo] : echoes_) {
    if (echo.first == digest) same.push_back(echo.second);
  }
  if (static_cast<int>(same.size()) < roster_.quorum()) return false;
  same.resize(roster_.quorum(), same.front());
  certified_ = digest;
  certificate_ = std::move(same);
  return true;
}

bool Broadcast::OnCertificate(const VerifiedCertificate& certificate) {
  if (certified_) return false;
  certified_ = certificate.digest();
  certificate_ = certificate.votes();
  return true;
}

const Verified<Propose>* Broadcast::payload() const {
  if (!certified_) return nullptr;
  if (first_ && first_->body_digest() == *certified_) return &*first_;
  if (other_ && other_->body_digest() == *certified_) return &*other_;
  return nullptr;
}

}  // namespace decentd
