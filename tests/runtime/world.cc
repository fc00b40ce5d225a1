#include "tests/runtime/world.h"

#include <algorithm>

#include "node/codec/peer_codec.h"
#include "node/runtime/archive.h"
#include "node/runtime/exchange.h"

namespace decentd::testing {

World::World(WorldOptions options)
    : options_(options),
      cluster_(options.n, 1,
               [&](std::vector<RosterNode>&, RosterParameters& parameters) {
                 if (options_.adjust) options_.adjust(parameters);
               }),
      random_(options.seed) {
  answer = [](int node, const AnswerRequest&) -> std::optional<Payload> {
    return Answer{"answer of node " + std::to_string(node), "test", "stop", {}};
  };
  judge = [this](int node, const JudgeRequest& request) -> std::optional<Payload> {
    Sheet sheet{{}, {}, "judge", {}};
    for (const CandidateAnswer& candidate : request.answers) {
      SheetEntry entry{candidate.author, {}};
      for (size_t i = 0; i < roster().parameters().criteria.size(); ++i) {
        entry.scores.push_back(
            static_cast<uint32_t>(4000 + 1000 * candidate.author.value + 10 * node));
      }
      sheet.entries.push_back(std::move(entry));
    }
    return sheet;
  };
  nodes_.resize(static_cast<size_t>(options_.n));
  for (int i = 0; i < options_.n; ++i) {
    Node& node = nodes_[static_cast<size_t>(i)];
    node.verifier = std::make_unique<Verifier>(roster(), Ed25519Scheme());
  }
  for (int i = 0; i < options_.n; ++i) Start(i);
}

int64_t World::Delay() {
  const auto range =
      static_cast<uint64_t>(options_.longest_delay_ms - options_.shortest_delay_ms + 1);
  return options_.shortest_delay_ms + static_cast<int64_t>(random_() % range);
}

bool World::Linked(int a, int b) const {
  return nodes_[static_cast<size_t>(a)].replica && nodes_[static_cast<size_t>(b)].replica &&
         !cut_.contains(std::minmax(a, b));
}

void World::At(int64_t time_ms, Delivery delivery) { queue_.emplace(time_ms, std::move(delivery)); }

void World::Start(int i) {
  Node& node = nodes_[static_cast<size_t>(i)];
  node.events.clear();
  Replica::Options options;
  options.self = NodeIndex{static_cast<uint16_t>(i)};
  options.boot = ++node.boot;
  if (options_.configure) options_.configure(i, options);
  node.reader = std::make_unique<FrameReader>(*node.verifier);
  Output first;
  auto replica = Replica::Recover(roster(), options, cluster_.signer(i), *node.verifier,
                                  *node.store, now(), &first);
  if (!replica.ok()) {
    node.reports.push_back(std::string(replica.status().message()));
    return;
  }
  node.replica = *std::move(replica);
  Do(i, std::move(first));
  for (int j = 0; j < options_.n; ++j) {
    if (j == i || !Linked(i, j)) continue;
    At(now_ms_, {i, node.boot, {input::LinkUp{NodeIndex{static_cast<uint16_t>(j)}}}});
    At(now_ms_, {j, nodes_[static_cast<size_t>(j)].boot,
                 {input::LinkUp{NodeIndex{static_cast<uint16_t>(i)}}}});
  }
}

void World::Crash(int i) {
  for (int j = 0; j < options_.n; ++j) {
    if (j == i || !Linked(i, j)) continue;
    At(now_ms_, {j, nodes_[static_cast<size_t>(j)].boot,
                 {input::LinkDown{NodeIndex{static_cast<uint16_t>(i)}}}});
    node(j).reader->Forget(NodeIndex{static_cast<uint16_t>(i)});
  }
  nodes_[static_cast<size_t>(i)].replica = nullptr;
}

void World::Cut(int a, int b) {
  const bool was = Linked(a, b);
  cut_.insert(std::minmax(a, b));
  if (!was) return;
  node(a).reader->Forget(NodeIndex{static_cast<uint16_t>(b)});
  node(b).reader->Forget(NodeIndex{static_cast<uint16_t>(a)});
  At(now_ms_, {a, node(a).boot, {input::LinkDown{NodeIndex{static_cast<uint16_t>(b)}}}});
  At(now_ms_, {b, node(b).boot, {input::LinkDown{NodeIndex{static_cast<uint16_t>(a)}}}});
}

void World::Heal(int a, int b) {
  cut_.erase(std::minmax(a, b));
  if (!Linked(a, b)) return;
  At(now_ms_, {a, node(a).boot, {input::LinkUp{NodeIndex{static_cast<uint16_t>(b)}}}});
  At(now_ms_, {b, node(b).boot, {input::LinkUp{NodeIndex{static_cast<uint16_t>(a)}}}});
}

RoundId World::Submit(int i, const std::string& question, int64_t lifetime_ms) {
  Query query = cluster_.MakeQuery(question);
  query.expiry_unix_ms = now().unix_ms + lifetime_ms;
  query.nonce = std::string(15, 'n') + static_cast<char>('a' + nonce_++ % 26);
  Envelope envelope = SignQuery(cluster_.client(), roster().cluster_id(), query);
  const RoundId id{Sha256(envelope.body)};
  auto verified = node(i).verifier->Verify(std::move(envelope));
  Step(i, {input::Submit{std::get<Verified<Query>>(std::get<AnyVerified>(verified)),
                         next_ticket_++}});
  return id;
}

void World::Step(int i, std::vector<Input> inputs) {
  if (!node(i).replica) return;
  Do(i, node(i).replica->Process(std::move(inputs), now()));
}

void World::Do(int i, Output output) {
  Node& self = node(i);
  if (!output.writes.empty() && !self.store->WriteSynced(output.writes).ok()) return;
  for (ModelCall& call : output.model_calls) {
    if (auto* start = std::get_if<action::StartAnswer>(&call)) {
      if (auto payload = answer(i, start->request)) {
        At(now_ms_ + model_ms,
           {i, self.boot,
            {input::ModelFinished{start->request.round, Phase::kAnswer, *std::move(payload)}}});
      }
    } else if (auto* begin = std::get_if<action::StartJudge>(&call)) {
      if (auto payload = judge(i, begin->request)) {
        At(now_ms_ + model_ms,
           {i, self.boot,
            {input::ModelFinished{begin->request.round, Phase::kSheet, *std::move(payload)}}});
      }
    }
  }
  for (Action& action : output.actions) {
    if (auto* send = std::get_if<action::Send>(&action)) {
      for (int j = 0; j < options_.n; ++j) {
        if (j == i || (send->peer && send->peer->value != j)) continue;
        SendFrame(i, j, *send->frame);
      }
    } else if (auto* ask = std::get_if<action::AskRecord>(&action)) {
      const uint64_t from = self.reader->ExpectRecord(ask->peer, ask->round);
      SendFrame(i, ask->peer.value, *exchange::WantRecord(ask->round, from));
    } else if (auto* drop = std::get_if<action::DropRecord>(&action)) {
      self.reader->DropRecord(drop->round);
    } else if (auto* publish = std::get_if<action::Publish>(&action)) {
      self.events.push_back(publish->event);
    } else if (auto* done = std::get_if<action::Submitted>(&action)) {
      submitted = done->result;
    } else if (auto* report = std::get_if<action::Report>(&action)) {
      self.reports.push_back(report->text);
    }
  }
}

void World::SendFrame(int from, int to, const peer::v1::Frame& original) {
  peer::v1::Frame frame = original;
  if (tamper) {
    auto changed = tamper(from, to, std::move(frame));
    if (!changed) return;
    frame = *std::move(changed);
  }
  if (!Linked(from, to)) return;
  FrameReader::Result read =
      node(to).reader->Read(NodeIndex{static_cast<uint16_t>(from)}, std::move(frame));
  int64_t& last = last_arrival_[{from, to}];
  last = std::max(last, now_ms_ + Delay());
  At(last, {to, node(to).boot, std::move(read.inputs)});
}

void World::Run(int64_t milliseconds) {
  const int64_t end = now_ms_ + milliseconds;
  RunUntil([] { return false; }, milliseconds);
  now_ms_ = std::max(now_ms_, end);
}

bool World::RunUntil(const std::function<bool()>& done, int64_t milliseconds) {
  const int64_t end = now_ms_ + milliseconds;
  while (!done()) {
    int64_t next = queue_.empty() ? end + 1 : queue_.begin()->first;
    for (Node& one : nodes_) {
      if (one.replica) next = std::min(next, one.replica->NextWakeMs());
    }
    if (next > end) return false;
    now_ms_ = std::max(now_ms_, next);
    if (!queue_.empty() && queue_.begin()->first <= now_ms_) {
      Delivery delivery = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      if (node(delivery.to).boot == delivery.boot) Step(delivery.to, std::move(delivery.inputs));
      continue;
    }
    for (int i = 0; i < options_.n; ++i) {
      if (node(i).replica && node(i).replica->NextWakeMs() <= now_ms_) Step(i, {});
    }
  }
  return true;
}

std::optional<CheckedBundle> World::Proof(int i, const RoundId& round) {
  const auto bytes = archive::ReadBundle(*node(i).store, round);
  if (!bytes.ok()) return std::nullopt;
  auto checked = VerifyBundle(*bytes, &roster());
  if (!checked.ok()) {
    node(i).reports.push_back("bad bundle: " + std::string(checked.status().message()));
    return std::nullopt;
  }
  return *std::move(checked);
}

bool World::AllHaveRecord(const RoundId& round) {
  for (Node& one : nodes_) {
    if (one.replica && !archive::ReadSummary(*one.store, round).ok()) return false;
  }
  return true;
}

}  // namespace decentd::testing
