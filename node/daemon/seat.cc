#include "node/daemon/seat.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "node/log/log.h"

namespace decentd {
namespace {

PeerInfo ToPeerInfo(const Roster& roster, PeerState state, const FaultCounts& faults) {
  PeerInfo info;
  info.index = state.peer;
  info.epoch = roster.epoch();
  info.name = roster.node(state.peer).name;
  info.linked = state.linked;
  info.state = std::move(state.state);
  info.detail = std::move(state.detail);
  info.address = std::move(state.address);
  info.version = std::move(state.version);
  if (state.round_trip_ms >= 0) info.round_trip_ms = state.round_trip_ms;
  info.clock_offset_ms = state.clock_offset_ms;
  info.bytes_sent = state.bytes_sent;
  info.bytes_received = state.bytes_received;
  info.frames_sent = state.frames_sent;
  info.frames_received = state.frames_received;
  info.frames_dropped = state.frames_dropped;
  info.last_seen_unix_ms = state.last_seen_unix_ms;
  if (auto it = faults.find(state.peer); it != faults.end()) info.faults = it->second;
  return info;
}

}  // namespace

Retention RetentionOf(const NodeConfig& config) {
  Retention retention;
  retention.rounds = config.retention.rounds;
  retention.age_ms = static_cast<int64_t>(config.retention.age_ms);
  return retention;
}

Seat::Seat(const SeatEnvironment& environment, const SeatRecord& record, NodeIndex self)
    : roster_(record.roster),
      self_(self),
      store_(environment.store, record.keyspace),
      verifier_(roster_, Ed25519Scheme()),
      driver_(verifier_, store_, environment.models, environment.version,
              [logger = environment.logger](Driver::Severity severity, const LogFields& fields,
                                            const std::string& text) {
                Log(*logger,
                    severity == Driver::Severity::kWarning ? spdlog::level::warn
                                                           : spdlog::level::info,
                    fields, text);
              }) {}

Seat::~Seat() { Stop(); }

absl::StatusOr<std::unique_ptr<Seat>> Seat::Take(
    const SeatEnvironment& environment, const SeatRecord& record,
    std::function<void(const std::string& reason)> on_halt) {
  const NodeConfig& config = environment.config;
  const auto self = record.roster.FindKey(environment.identity.public_key());
  if (!self) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the key of ", config.identity_key, " is not in the roster of epoch ",
        record.roster.epoch(),
        ": add this node's card there (decentctl card, decentctl roster add)"));
  }
  std::unique_ptr<Seat> seat(new Seat(environment, record, *self));
  const Roster& roster = seat->roster_;
  seat->driver_.ObserveEvents(
      [&roster, &metrics = environment.metrics](const RoundId& round, const RoundEvent& event) {
        metrics.OnEvent(round, event, event.node ? roster.node(*event.node).name : "");
      });
  seat->driver_.ObserveHalt(std::move(on_halt));

  Replica::Options options;
  options.self = *self;
  options.boot = environment.boot;
  options.max_own_rounds = config.limits.rounds_open;
  options.retention = RetentionOf(config);
  Output first;
  absl::StatusOr<std::unique_ptr<Replica>> replica =
      Replica::Recover(roster, options, environment.identity, seat->verifier_, seat->store_,
                       Driver::Clock(), &first);
  if (!replica.ok()) return replica.status();

  LinkOptions link_options;
  link_options.self = *self;
  link_options.roster = &roster;
  link_options.server = &environment.server;
  link_options.tls = environment.tls;
  link_options.boot = environment.boot;
  link_options.software_version = environment.version;
  link_options.log = environment.logger;
  if (environment.wrap_receiver) seat->receiver_ = environment.wrap_receiver(seat->driver_);
  link_options.receiver = seat->receiver_ ? seat->receiver_.get() : &seat->driver_;
  absl::StatusOr<std::unique_ptr<GrpcLinks>> links = GrpcLinks::Start(std::move(link_options));
  if (!links.ok()) return links.status();
  seat->links_ = *std::move(links);
  if (environment.wrap_links) {
    seat->wrapped_ = environment.wrap_links(*seat->links_, environment.identity, roster, *self);
  }
  seat->driver_.Start(*std::move(replica), std::move(first),
                      seat->wrapped_ ? *seat->wrapped_ : *seat->links_);
  return seat;
}

std::vector<PeerInfo> Seat::Peers() {
  const FaultCounts faults = driver_.Faults();
  std::vector<PeerInfo> infos;
  for (PeerState& state : links_->States()) {
    infos.push_back(ToPeerInfo(roster_, std::move(state), faults));
  }
  return infos;
}

void Seat::SetAddresses(const Roster& moved) {
  for (uint16_t i = 0; i < roster_.n(); ++i) {
    const NodeIndex peer{i};
    if (peer != self_) links_->SetAddresses(peer, moved.node(peer).addresses);
  }
}

void Seat::Stop() {
  driver_.Stop();
  if (links_) links_->Close();
}

void Seat::End(const std::string& reason) {
  driver_.End(reason);
  links_->Close();
}

}  // namespace decentd
