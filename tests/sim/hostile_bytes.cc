// Liars that bother others with bytes: of the past, of no meaning, too many, under other names.
#include <deque>

#include "node/core/limits.h"
#include "tests/sim/puppets.h"

namespace decentd::sim {
namespace {

using Frame = peer::v1::Frame;

// Works behind a node that takes part, and sends something of its own now and then.
class Bothers : public Puppets {
 public:
  Bothers(AdversaryHandle handle, int64_t every_ms)
      : Puppets(std::move(handle)), every_ms_(every_ms) {}

  void Begin() override {
    Puppets::Begin();
    Again();
  }
  void OnFrame(int to, int from, const action::FramePtr& frame) override {
    Puppets::OnFrame(to, from, frame);
    heard_.push_back(frame);
    if (heard_.size() > 400) heard_.pop_front();
    for (const auto& envelope : frame->envelopes().envelopes()) {
      if (envelope.kind() == types::v1::KIND_VOTES && handle_.random.Chance(100)) {
        last_votes_ = envelope.body();
      }
    }
  }

 protected:
  virtual void Bother(int from, int to) = 0;
  std::shared_ptr<Frame> Heard() {
    if (heard_.empty()) return std::make_shared<Frame>();
    return std::make_shared<Frame>(*heard_[handle_.random.Below(heard_.size())]);
  }
  std::string Noise(size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(handle_.random.Next());
    return bytes;
  }

  std::string last_votes_;

 private:
  void Again() {
    for (int from : handle_.own()) Bother(from, handle_.random.Index(handle_.roster().n()));
    handle_.In(every_ms_, [this] { Again(); });
  }

  const int64_t every_ms_;
  std::deque<action::FramePtr> heard_;
};

class Replayer final : public Bothers {
 public:
  explicit Replayer(AdversaryHandle handle) : Bothers(std::move(handle), 40) {}
  void Bother(int from, int to) override { handle_.Send(from, to, Heard()); }
};

// Rounds, numbers and ids without end, all validly signed.
class Flooder final : public Bothers {
 public:
  Flooder(AdversaryHandle handle, int64_t every_ms) : Bothers(std::move(handle), every_ms) {}

  void Begin() override {
    Bothers::Begin();
    for (int from : handle_.own()) handle_.In(700, [this, from] { Sponsor(from); });
  }
  void Bother(int from, int to) override {
    auto frame = std::make_shared<Frame>();
    Random& random = handle_.random;
    const auto add = [&](Kind kind, std::string body) {
      if (const auto envelope = handle_.SignBody(from, kind, std::move(body))) {
        ToProto(*envelope, frame->mutable_envelopes()->add_envelopes());
      }
    };
    switch (random.Below(5)) {
      case 0:
        for (int i = 0; i < 20; ++i) {
          add(Kind::kSponsor, EncodeBody(decentd::Sponsor{RoundId{Sha256(Noise(8))}}));
        }
        break;
      case 1: {  // a made-up round with a long body
        Votes votes{RoundId{Sha256(Noise(8))}, 0, {}};
        for (int i = 0; i < 250; ++i) votes.votes.push_back(Any());
        add(Kind::kVotes, EncodeBody(votes));
        break;
      }
      case 2: {  // the round at hand: every slot, number and binary round
        auto votes = DecodeVotes(handle_.roster(), last_votes_);
        if (!votes) return;
        // Now and then more than a round takes of one author.
        for (int bodies = random.Chance(40) ? 30 : 1; bodies > 0; --bodies) {
          votes->seq = random.Below(limits::MaxVotesBodies(handle_.roster().n()) + 1);
          votes->votes.clear();
          const int count = random.Chance(100) ? 400 : 250;  // too long, or as long as may be
          for (int i = 0; i < count; ++i) votes->votes.push_back(Any());
          add(Kind::kVotes, EncodeBody(*votes));
        }
        break;
      }
      case 3: {
        auto& have = *frame->mutable_have();
        for (int i = 0; i < 50; ++i) {
          peer::v1::Have* open = have.add_open();
          open->set_round_id(Noise(32));
          open->set_query(true);
          for (int j = 0; j < 200; ++j) open->add_votes_held(random.Next());
          have.add_closed(Noise(random.Chance(900) ? 32 : 7));
        }
        break;
      }
      default:
        frame->mutable_want()->set_round_id(Noise(32));
        frame->mutable_want()->set_record(true);
        frame->mutable_want()->set_decisions(Noise(64));
        break;
    }
    handle_.Send(from, to, std::move(frame));
  }

 private:
  // A few more questions than its share, all at once.
  void Sponsor(int from) {
    const int share = static_cast<int>(handle_.roster().parameters().rounds_per_sponsor);
    auto frame = std::make_shared<Frame>();
    for (int i = 0; i < share + 2; ++i) {
      const Envelope query = handle_.cluster().SignQuery(
          "of a flood", handle_.random.Next(), kEpochMs + handle_.scheduler().now_ms() + 600'000);
      const auto sponsor = handle_.SignBody(from, Kind::kSponsor,
                                            EncodeBody(decentd::Sponsor{RoundId{Sha256(query.body)}}));
      ToProto(query, frame->mutable_envelopes()->add_envelopes());
      ToProto(*sponsor, frame->mutable_envelopes()->add_envelopes());
    }
    for (int to = 0; to < handle_.roster().n(); ++to) handle_.Send(from, to, frame);
  }
  Vote Any() {
    Random& random = handle_.random;
    const Slot slot{static_cast<Phase>(random.Below(2)), Index(random.Index(handle_.roster().n()))};
    const auto round = static_cast<uint32_t>(1 + random.Below(limits::kMaxBinaryRound));
    switch (random.Below(4)) {
      case 0: return vote::Est{slot, round, random.Chance(500)};
      case 1: return vote::Aux{slot, round, static_cast<ValueMask>(1 + random.Below(3))};
      case 2: return vote::Hint{slot, round, random.Chance(500)};
      default: return vote::Decided{slot, random.Chance(500)};
    }
  }
};

// Words put into others' mouths, bits turned, bodies that do not decode, sizes beyond the bounds.
class Forger final : public Bothers {
 public:
  explicit Forger(AdversaryHandle handle) : Bothers(std::move(handle), 150) {}

  void Bother(int from, int to) override {
    Random& random = handle_.random;
    std::shared_ptr<Frame> frame = Heard();
    if (frame->has_envelopes() && frame->envelopes().envelopes_size() > 0) {
      auto& envelopes = *frame->mutable_envelopes()->mutable_envelopes();
      types::v1::Envelope& envelope = envelopes[random.Index(envelopes.size())];
      switch (random.Below(4)) {
        case 0: Turn(envelope.mutable_body()); break;
        case 1: Turn(envelope.mutable_signature()); break;
        case 2: envelope.set_author(static_cast<uint32_t>(random.Index(handle_.roster().n()))); break;
        default: OfAnother(from, &envelope); break;
      }
    } else if (frame->has_certificate() && frame->certificate().votes_size() > 0) {
      auto* certificate = frame->mutable_certificate();
      if (random.Chance(300)) {
        *certificate->mutable_votes(0) = certificate->votes(certificate->votes_size() - 1);
      } else {
        // The slot's certificate with a payload that nobody echoed.
        certificate->set_digest(Noise(32));
        for (auto& votes : *certificate->mutable_votes()) Reecho(certificate->digest(), &votes);
      }
    } else if (frame->has_record()) {
      Turn(frame->mutable_record()->mutable_part());
    } else {
      const auto junk = handle_.SignBody(from, Kind::kVotes, Noise(random.Below(300)));
      ToProto(*junk, frame->mutable_envelopes()->add_envelopes());
      const auto large = handle_.SignBody(from, Kind::kHeartbeat, Noise(1'000));
      ToProto(*large, frame->mutable_envelopes()->add_envelopes());
    }
    handle_.Send(from, to, std::move(frame));
  }

 private:
  void Turn(std::string* bytes) {
    if (!bytes->empty()) (*bytes)[handle_.random.Below(bytes->size())] ^= 1;
  }
  // The same body under another's name, with a signature of its own.
  void OfAnother(int from, types::v1::Envelope* envelope) {
    const auto own = handle_.SignBody(from, Kind::kVotes, envelope->body());
    envelope->set_kind(types::v1::KIND_VOTES);
    envelope->set_author(static_cast<uint32_t>((from + 1) % handle_.roster().n()));
    envelope->set_signature(own->signature);
  }
  // What others are made to echo; it cannot sign for them.
  void Reecho(const std::string& digest, types::v1::Envelope* envelope) {
    auto votes = DecodeVotes(handle_.roster(), envelope->body());
    if (!votes) return;
    for (Vote& vote : votes->votes) {
      if (auto* echo = std::get_if<vote::Echo>(&vote)) echo->digest = *Digest::FromBytes(digest);
    }
    envelope->set_body(EncodeBody(*votes));
  }
};

}  // namespace

std::unique_ptr<Adversary> MakeReplayer(AdversaryHandle handle) {
  return std::make_unique<Replayer>(std::move(handle));
}
std::unique_ptr<Adversary> MakeFlooder(AdversaryHandle handle) {
  // The larger the council, the slower: each word costs all of its nodes.
  const int64_t every_ms = 25 * handle.roster().n() / 4 * static_cast<int64_t>(handle.own().size());
  return std::make_unique<Flooder>(std::move(handle), every_ms);
}
std::unique_ptr<Adversary> MakeForger(AdversaryHandle handle) {
  return std::make_unique<Forger>(std::move(handle));
}

}  // namespace decentd::sim
