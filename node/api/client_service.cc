#include "node/api/client_service.h"

#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/api/bundle_stream.h"
#include "node/api/client_convert.h"
#include "node/codec/peer_codec.h"

namespace decentd {
namespace {

constexpr uint32_t kDefaultPage = 50;
constexpr uint32_t kLargestPage = 500;

size_t PageSize(uint32_t asked) {
  return asked == 0 ? kDefaultPage : std::min(asked, kLargestPage);
}

grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

// A Submit that waits for the council. The council answers once, but perhaps after the client has
// gone: the call that gRPC deletes and the answer share this.
class PendingSubmit {
 public:
  PendingSubmit(grpc::ServerUnaryReactor* reactor, client::v1::SubmitResponse* response)
      : reactor_(reactor), response_(response) {}

  void Finish(const absl::StatusOr<RoundId>& round) {
    std::lock_guard lock(mutex_);
    if (std::exchange(finished_, true)) return;
    if (round.ok()) response_->set_round_id(std::string(round->digest.View()));
    reactor_->Finish(ToGrpc(round.status()));
  }

 private:
  std::mutex mutex_;
  bool finished_ = false;
  grpc::ServerUnaryReactor* const reactor_;
  client::v1::SubmitResponse* const response_;
};

// Owned by gRPC: deletes itself.
class SubmitReactor : public grpc::ServerUnaryReactor {
 public:
  explicit SubmitReactor(client::v1::SubmitResponse* response)
      : pending_(std::make_shared<PendingSubmit>(this, response)) {}
  const std::shared_ptr<PendingSubmit>& pending() const { return pending_; }
  void OnCancel() override { pending_->Finish(absl::CancelledError("the client has gone")); }
  void OnDone() override { delete this; }

 private:
  const std::shared_ptr<PendingSubmit> pending_;
};

}  // namespace

ClientService::ClientService(Options options, decentd::Council& council, QueryCheck check,
                             PeerInfoProvider peers)
    : options_(std::move(options)),
      council_(council),
      check_(std::move(check)),
      peers_(std::move(peers)),
      limits_(std::make_shared<ClientLimits>(options_.limits, StillRunning(council))),
      watchers_(options_.watch) {}

void ClientService::EndWatchers() {
  watchers_.EndAll({grpc::StatusCode::UNAVAILABLE,
                    "this node is stopping; watch at another node, or here after its restart"});
}

absl::StatusOr<Verified<Query>> ClientService::Admit(const types::v1::Envelope& proto) {
  const std::optional<Envelope> envelope = FromProto(proto);
  if (!envelope) {
    return absl::InvalidArgumentError("expected an envelope of KIND_QUERY with body and signature");
  }
  absl::StatusOr<Verified<Query>> query = check_(*envelope);
  if (!query.ok()) return query.status();
  const PublicKey& key = (*query)->client_key;
  if (!options_.allowed_clients.empty() && !options_.allowed_clients.contains(key)) {
    return absl::PermissionDeniedError(absl::StrCat(
        "client key ", key.Hex(), " is not among the clients that this node serves; ask its ",
        "operator to allow it"));
  }
  if (absl::Status status = limits_->Admit(key, RoundId{query->body_digest()}); !status.ok()) {
    return status;
  }
  return query;
}

grpc::ServerUnaryReactor* ClientService::Submit(Context* context,
                                                const client::v1::SubmitRequest* request,
                                                client::v1::SubmitResponse* response) {
  absl::StatusOr<Verified<Query>> query = Admit(request->query());
  if (!query.ok()) return Reply(context, query.status());
  auto* reactor = new SubmitReactor(response);
  council_.Submit(*query,
                  [pending = reactor->pending(), limits = limits_, key = (*query)->client_key,
                   round = RoundId{query->body_digest()}](absl::StatusOr<RoundId> result) {
                    limits->Settle(key, round, result.ok());
                    pending->Finish(result);
                  });
  return reactor;
}

grpc::ServerWriteReactor<client::v1::RoundEvent>* ClientService::Watch(
    Context*, const client::v1::WatchRequest* request) {
  return WatchStream::Start(council_, watchers_, *request);
}

grpc::ServerUnaryReactor* ClientService::GetRound(Context* context,
                                                  const client::v1::GetRoundRequest* request,
                                                  client::v1::Round* response) {
  const absl::StatusOr<RoundId> id = RoundIdFromBytes(request->round_id());
  if (!id.ok()) return Reply(context, id.status());
  const absl::StatusOr<RoundSummary> summary = council_.GetRound(*id);
  if (summary.ok()) *response = ToProto(*summary);
  return Reply(context, summary.status());
}

grpc::ServerUnaryReactor* ClientService::ListRounds(Context* context,
                                                    const client::v1::ListRoundsRequest* request,
                                                    client::v1::ListRoundsResponse* response) {
  return Reply(context, FillRounds(*request, response));
}

absl::Status ClientService::FillRounds(const client::v1::ListRoundsRequest& request,
                                       client::v1::ListRoundsResponse* response) {
  std::optional<RoundId> after;
  if (!request.page_token().empty()) {
    const std::optional<Digest> digest = Digest::FromHex(request.page_token());
    if (!digest) {
      return absl::InvalidArgumentError(
          "page_token: expected the next_page_token of an earlier reply, or nothing");
    }
    after = RoundId{*digest};
  }
  const size_t size = PageSize(request.page_size());
  // One more than asked for tells whether another page follows.
  absl::StatusOr<std::vector<RoundSummary>> rounds = council_.ListRounds(size + 1, after);
  if (!rounds.ok()) return rounds.status();
  const bool more = rounds->size() > size;
  if (more) rounds->resize(size);
  for (const RoundSummary& round : *rounds) *response->add_rounds() = ToProto(round);
  if (more) response->set_next_page_token(rounds->back().id.Hex());
  return absl::OkStatus();
}

grpc::ServerWriteReactor<client::v1::BundleChunk>* ClientService::GetBundle(
    Context*, const client::v1::GetBundleRequest* request) {
  const absl::StatusOr<RoundId> id = RoundIdFromBytes(request->round_id());
  if (!id.ok()) return BundleStream::Refuse(ToGrpc(id.status()), open_bundles_);
  if (open_bundles_.load() >= options_.bundle_streams) {
    return BundleStream::Refuse(
        {grpc::StatusCode::RESOURCE_EXHAUSTED,
         absl::StrCat("this node sends at most ", options_.bundle_streams,
                      " bundles at once; try again in a moment or ask another node")},
        open_bundles_);
  }
  absl::StatusOr<std::string> bundle = council_.GetBundle(*id);
  if (!bundle.ok()) return BundleStream::Refuse(ToGrpc(bundle.status()), open_bundles_);
  return new BundleStream(*std::move(bundle), options_.bundle_chunk_bytes, open_bundles_);
}

grpc::ServerUnaryReactor* ClientService::GetStatus(Context* context,
                                                   const client::v1::GetStatusRequest*,
                                                   client::v1::NodeStatus* response) {
  const absl::StatusOr<NodeStatus> status = council_.Status();
  if (status.ok()) *response = ToProto(*status);
  return Reply(context, status.status());
}

grpc::ServerUnaryReactor* ClientService::ListPeers(Context* context,
                                                   const client::v1::ListPeersRequest*,
                                                   client::v1::ListPeersResponse* response) {
  for (const PeerInfo& peer : peers_()) *response->add_peers() = ToProto(peer);
  return Reply(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* ClientService::ListEvidence(
    Context* context, const client::v1::ListEvidenceRequest* request,
    client::v1::ListEvidenceResponse* response) {
  return Reply(context, FillEvidence(*request, response));
}

absl::Status ClientService::FillEvidence(const client::v1::ListEvidenceRequest& request,
                                         client::v1::ListEvidenceResponse* response) {
  const absl::StatusOr<std::vector<StoredEvidence>> all = council_.ListEvidence();
  if (!all.ok()) return all.status();
  const auto position_of = [&](const std::string& id) {
    return std::find_if(all->begin(), all->end(), [&](const auto& e) { return e.id == id; });
  };
  if (!request.id().empty()) {
    const auto found = position_of(request.id());
    if (found == all->end()) {
      return absl::NotFoundError(absl::StrCat("no evidence ", request.id(), " is stored here"));
    }
    *response->add_evidence() = ToProto(*found, /*with_data=*/true);
    return absl::OkStatus();
  }
  auto next = all->begin();
  if (!request.page_token().empty()) {
    next = position_of(request.page_token());
    if (next == all->end()) {
      return absl::InvalidArgumentError(
          "page_token: expected the next_page_token of an earlier reply, or nothing");
    }
    ++next;
  }
  const size_t size = PageSize(request.page_size());
  for (; next != all->end() && response->evidence_size() < static_cast<int>(size); ++next) {
    *response->add_evidence() = ToProto(*next, /*with_data=*/false);
  }
  if (next != all->end() && response->evidence_size() > 0) {
    response->set_next_page_token(response->evidence().rbegin()->id());
  }
  return absl::OkStatus();
}

}  // namespace decentd
