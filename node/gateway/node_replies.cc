#include "node/gateway/node_replies.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/gateway/error_reply.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

HttpReply ToReply(const Json& json, int status = 200) {
  HttpReply reply;
  reply.status = status;
  // What peers say of themselves may be no text.
  reply.body = absl::StrCat(json.dump(-1, ' ', false, Json::error_handler_t::replace), "\n");
  return reply;
}

Json OrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json StatusJson(const NodeStatus& status) {
  return {{"name", status.name},
          {"version", status.version},
          {"voting", status.voting},
          {"not_voting_because", OrNull(status.not_voting_because)},
          {"reachable", status.reachable},
          {"n", status.n},
          {"f", status.f},
          {"quorum", status.quorum},
          {"needed", status.n - status.f},
          {"rounds_open", status.rounds_open},
          {"rounds_stored", status.rounds_stored},
          {"store_bytes", status.store_bytes},
          {"evidence", status.evidence},
          {"started_unix_ms", status.started_unix_ms}};
}

// A node of the roster; `peer` is its link, null for this node itself and where there is none.
Json NodeJson(const Roster& roster, NodeIndex index, const PeerInfo* peer, const NodeStatus* self) {
  const RosterNode& node = roster.node(index);
  static const PeerInfo kNoLink;
  const PeerInfo& link = peer != nullptr ? *peer : kNoLink;
  const bool up = self != nullptr || link.linked;
  return {
      {"object", "node"},
      {"name", node.name},
      {"index", index.value},
      {"self", self != nullptr},
      {"cluster_id", roster.cluster_id().Hex()},
      {"roster_epoch", roster.epoch()},
      {"owner", OrNull(node.owner)},
      {"model_family", OrNull(node.model_family)},
      {"worker", node.worker},
      {"evaluator", node.evaluator},
      {"up", up},
      {"state", self != nullptr   ? "self"
                : peer != nullptr ? link.state
                                  : "unknown"},
      {"detail", OrNull(link.detail)},
      {"address", OrNull(link.address)},
      {"version", OrNull(self != nullptr ? self->version : link.version)},
      {"round_trip_ms", OrNull(link.round_trip_ms)},
      {"clock_offset_ms", OrNull(link.clock_offset_ms)},
      {"last_seen_unix_ms", link.last_seen_unix_ms == 0 ? Json() : Json(link.last_seen_unix_ms)},
      {"bytes_sent", link.bytes_sent},
      {"bytes_received", link.bytes_received},
      {"frames_dropped", link.frames_dropped},
      {"faults", link.faults}};
}

Json PanelJson(const Roster& roster, Phase phase) {
  return {{"size", roster.panel_size(phase)},
          {"faulty", roster.panel_faulty(phase)},
          {"gate", roster.gate(phase)},
          {"minimum", roster.minimum(phase)}};
}

Json DeadlinesJson(const PhaseDeadlines& deadlines) {
  return {{"soft_ms", deadlines.soft_ms}, {"hard_ms", deadlines.hard_ms}};
}

Json AdoptedJson(const RosterStatus& adopted) {
  return {{"cluster_id", adopted.cluster_id.Hex()},
          {"epoch", adopted.epoch},
          {"state", adopted.state},
          {"since_unix_ms", adopted.since_unix_ms},
          {"n", adopted.n},
          {"quorum", adopted.quorum},
          {"reached", adopted.reached},
          {"missing", adopted.missing},
          {"rounds_open", adopted.rounds_open}};
}

}  // namespace

HttpReply ReadyReply(StatusCache& node, bool tell) {
  const absl::StatusOr<NodeStatus> status = node.Status();
  std::string reason;
  if (!status.ok()) {
    reason = std::string(status.status().message());
  } else if (!status->voting) {
    reason = absl::StrCat("the node does not vote: ", status->not_voting_because);
  } else if (status->reachable < status->n - status->f) {
    reason = absl::StrCat("no quorum: ", status->reachable, " of ", status->n, " nodes reachable, ",
                          status->n - status->f, " needed");
  }
  Json json = {{"status", reason.empty() ? "ready" : "not_ready"}};
  if (!reason.empty() && tell) json["reason"] = reason;
  return ToReply(json, reason.empty() ? 200 : 503);
}

HttpReply NodesReply(StatusCache& node, const Roster& roster) {
  const absl::StatusOr<NodeStatus> status = node.Status();
  if (!status.ok()) return ErrorReply(FromStatus(status.status()));
  std::map<NodeIndex, PeerInfo> links;
  for (PeerInfo& peer : node.Peers()) {
    if (peer.epoch == roster.epoch()) links[peer.index] = std::move(peer);
  }
  Json data = Json::array();
  for (uint16_t i = 0; i < roster.n(); ++i) {
    const auto link = links.find(NodeIndex{i});
    const bool self = roster.node(NodeIndex{i}).name == status->name;
    data.push_back(NodeJson(roster, NodeIndex{i}, link == links.end() ? nullptr : &link->second,
                            self ? &*status : nullptr));
  }
  return ToReply({{"object", "list"}, {"data", std::move(data)}, {"node", StatusJson(*status)}});
}

HttpReply RosterReply(StatusCache& node, const Roster& roster) {
  const absl::StatusOr<NodeStatus> status = node.Status();
  if (!status.ok()) return ErrorReply(FromStatus(status.status()));
  Json nodes = Json::array();
  for (uint16_t i = 0; i < roster.n(); ++i) {
    const RosterNode& one = roster.node(NodeIndex{i});
    nodes.push_back({{"name", one.name},
                     {"index", i},
                     {"public_key", one.key.Hex()},
                     {"worker", one.worker},
                     {"evaluator", one.evaluator},
                     {"owner", OrNull(one.owner)},
                     {"model_family", OrNull(one.model_family)},
                     {"addresses", one.addresses}});
  }
  Json adopted = Json::array();
  for (const RosterStatus& one : status->rosters) adopted.push_back(AdoptedJson(one));
  const RosterParameters& parameters = roster.parameters();
  return ToReply({{"object", "roster"},
                  {"cluster_id", roster.cluster_id().Hex()},
                  {"epoch", roster.epoch()},
                  {"n", roster.n()},
                  {"f", roster.f()},
                  {"quorum", roster.quorum()},
                  {"rule", RuleName(parameters.rule)},
                  {"criteria", parameters.criteria},
                  {"answer", DeadlinesJson(parameters.answer)},
                  {"sheet", DeadlinesJson(parameters.sheet)},
                  {"panels",
                   {{"answer", PanelJson(roster, Phase::kAnswer)},
                    {"sheet", PanelJson(roster, Phase::kSheet)}}},
                  {"nodes", std::move(nodes)},
                  {"rosters", std::move(adopted)}});
}

}  // namespace decentd
