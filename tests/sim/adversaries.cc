#include "tests/sim/adversaries.h"

#include <algorithm>
#include <map>

#include "node/core/limits.h"
#include "tests/sim/puppets.h"

namespace decentd::sim {

bool AdversaryHandle::IsOwn(int node) const { return std::ranges::find(own_, node) != own_.end(); }

std::optional<Envelope> AdversaryHandle::SignBody(int node, Kind kind, std::string body) const {
  if (!IsOwn(node)) return std::nullopt;
  Envelope envelope{kind, static_cast<uint32_t>(node), std::move(body), {}};
  envelope.signature =
      cluster_.signer(Index(node)).Sign(KindName(kind), roster().cluster_id(), envelope.body);
  return envelope;
}

void AdversaryHandle::Send(int from, int to, action::FramePtr frame) {
  if (IsOwn(from)) network_.Send(from, to, std::move(frame));
}

void AdversaryHandle::SetUp(int node, bool up) {
  if (IsOwn(node)) network_.SetUp(node, up);
}

void AdversaryHandle::HoldUp(Wait wait_ms) {
  network_.hold_up = [this_plan = &plan_, &scheduler = scheduler_, wait_ms](
                         int from, int to, const peer::v1::Frame& frame) {
    if (scheduler.now_ms() >= this_plan->HealedAt()) return int64_t{0};
    return std::clamp<int64_t>(wait_ms(from, to, frame), 0, 2'000);
  };
}

namespace {

using WireEnvelope = types::v1::Envelope;

class Silent final : public Adversary {
 public:
  explicit Silent(AdversaryHandle handle) : handle_(std::move(handle)) {}
  void Begin() override {
    for (int node : handle_.own()) handle_.SetUp(node, handle_.random.Chance(500));
  }
  void OnFrame(int, int, const action::FramePtr&) override {}
  void OnLink(int, int, bool) override {}

 private:
  AdversaryHandle handle_;
};

// Stops right after something it said, as far as some have heard it, and comes back.
class ComesAndGoes final : public Puppets {
 public:
  using Puppets::Puppets;
  bool Change(int from, int, WireEnvelope* envelope) override {
    if (envelope->kind() == types::v1::KIND_HEARTBEAT || !handle_.random.Chance(60)) return true;
    handle_.In(0, [this, from] { Crash(from); });
    handle_.In(handle_.random.Between(1, 2'000), [this, from] { Restart(from); });
    return handle_.random.Chance(500);
  }
};

// Shows some peers another proposal than the rest.
class Equivocator final : public Puppets {
 public:
  using Puppets::Puppets;
  bool Change(int from, int to, WireEnvelope* envelope) override {
    if (envelope->kind() != types::v1::KIND_PROPOSE || to % 2 == from % 2) return true;
    auto propose = DecodePropose(handle_.roster(), envelope->body());
    if (!propose) return true;
    if (auto* answer = std::get_if<Answer>(&propose->payload)) answer->text += " or not";
    if (auto* sheet = std::get_if<Sheet>(&propose->payload)) sheet->entries[0].scores[0] ^= 1;
    Resign(from, Kind::kPropose, EncodeBody(*propose), envelope);
    return true;
  }
};

// Votes one way to some peers and another way to the rest, under one number.
class TwoFaced : public Puppets {
 public:
  using Puppets::Puppets;
  bool Change(int from, int to, WireEnvelope* envelope) override {
    if (handle_.random.Chance(400) || to % 2 == from % 2) return true;
    if (envelope->kind() == types::v1::KIND_VOTES) {
      auto votes = DecodeVotes(handle_.roster(), envelope->body());
      if (!votes) return true;
      for (Vote& vote : votes->votes) Turn(&vote);
      Resign(from, Kind::kVotes, EncodeBody(*votes), envelope);
    } else if (envelope->kind() == types::v1::KIND_DECISION) {
      auto decision = DecodeDecision(envelope->body());
      if (!decision) return true;
      decision->verdict[2 + handle_.random.Below(32)] ^= 1;
      Resign(from, Kind::kDecision, EncodeBody(*decision), envelope);
    }
    return true;
  }

 private:
  void Turn(Vote* vote) {
    if (auto* echo = std::get_if<vote::Echo>(vote)) echo->digest.bytes[0] ^= 1;
    if (auto* est = std::get_if<vote::Est>(vote)) est->value = !est->value;
    if (auto* decided = std::get_if<vote::Decided>(vote)) decided->value = !decided->value;
    if (auto* hint = std::get_if<vote::Hint>(vote)) hint->value = !hint->value;
    if (auto* aux = std::get_if<vote::Aux>(vote)) {
      aux->values = static_cast<ValueMask>(1 + handle_.random.Below(3));
    }
  }
};

// Its payload goes to a quorum, its votes to one node only: that one alone completes certificates.
class Withholder final : public Puppets {
 public:
  using Puppets::Puppets;
  bool Change(int from, int to, WireEnvelope* envelope) override {
    const int n = handle_.roster().n();
    const int distance = (to - from + n) % n;
    if (envelope->kind() == types::v1::KIND_PROPOSE) {
      return distance < handle_.roster().quorum();
    }
    if (envelope->kind() == types::v1::KIND_VOTES) return distance == 1;
    return envelope->kind() != types::v1::KIND_DECISION;
  }
};

class ForeignSheets final : public Puppets {
 public:
  using Puppets::Puppets;
  bool Change(int from, int, WireEnvelope* envelope) override {
    if (envelope->kind() != types::v1::KIND_PROPOSE) return true;
    auto propose = DecodePropose(handle_.roster(), envelope->body());
    auto* sheet = propose ? std::get_if<Sheet>(&propose->payload) : nullptr;
    if (sheet == nullptr) return true;
    if (sheet->entries.size() > 1 && from % 2 == 0) {
      sheet->entries.pop_back();
    } else {
      sheet->answers.bytes[0] ^= 1;
    }
    Resign(from, Kind::kPropose, EncodeBody(*propose), envelope);
    return true;
  }
};

// Marks within the rules: the least of the answers high, the rest low.
class Scorers final : public Puppets {
  class Models final : public SimModels {
   public:
    Models(std::unique_ptr<SimModels> honest, NodeIndex self)
        : honest_(std::move(honest)), self_(self) {}
    std::optional<Reply> Answer(const AnswerRequest& request) override {
      return honest_->Answer(request);
    }
    std::optional<Reply> Judge(const JudgeRequest& request) override {
      auto reply = honest_->Judge(request);
      Sheet* sheet = reply ? std::get_if<Sheet>(&reply->payload) : nullptr;
      if (sheet == nullptr) return reply;
      for (SheetEntry& entry : sheet->entries) {
        std::ranges::fill(entry.scores, entry.author == self_ ? limits::kMaxScore : 0);
      }
      return reply;
    }

   private:
    std::unique_ptr<SimModels> honest_;
    const NodeIndex self_;
  };

 public:
  using Puppets::Puppets;
  std::unique_ptr<SimModels> MakeModels(int node) override {
    return std::make_unique<Models>(Puppets::MakeModels(node), Index(node));
  }
};

// A coalition that splits its votes and holds up honest nodes' frames to fit.
class Coalition final : public TwoFaced {
 public:
  using TwoFaced::TwoFaced;
  void Begin() override {
    TwoFaced::Begin();
    auto random = std::make_shared<Random>(handle_.random.Fork(5));
    handle_.HoldUp([random, n = handle_.roster().n()](int from, int to, const Frame&) -> int64_t {
      // Two halves hear of each other late, now and then.
      if (from % 2 == to % 2 || random->Chance(300)) return 0;
      return random->Between(0, 100 * n);
    });
  }
};

using Make = std::unique_ptr<Adversary> (*)(AdversaryHandle);
template <class T>
std::unique_ptr<Adversary> Plain(AdversaryHandle handle) {
  return std::make_unique<T>(std::move(handle));
}
std::unique_ptr<Adversary> Twins(AdversaryHandle handle) {
  return std::make_unique<Puppets>(std::move(handle), 2);
}

const std::map<std::string, Make>& Makers() {
  static const std::map<std::string, Make> makers = {
      {"silent", Plain<Silent>},
      {"comes and goes", Plain<ComesAndGoes>},
      {"equivocates", Plain<Equivocator>},
      {"two-faced", Plain<TwoFaced>},
      {"withholds", Plain<Withholder>},
      {"foreign sheets", Plain<ForeignSheets>},
      {"scores", Plain<Scorers>},
      {"coalition", Plain<Coalition>},
      {"twins", Twins},
      {"replays", MakeReplayer},
      {"floods", MakeFlooder},
      {"forges", MakeForger},
      {"forges certificates", MakeCertificateForger},
      {"divides", MakeDivider},
  };
  return makers;
}

}  // namespace

const std::vector<std::string>& Strategies() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, make] : Makers()) all.push_back(name);
    return all;
  }();
  return names;
}

std::unique_ptr<Adversary> MakeAdversary(const std::string& strategy, AdversaryHandle handle) {
  return Makers().at(strategy)(std::move(handle));
}

}  // namespace decentd::sim
