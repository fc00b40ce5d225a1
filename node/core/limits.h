// Every bound of the protocol, each with its reason. What a peer sends beyond one is a Fault.
#pragma once

#include <cstddef>
#include <cstdint>

namespace decentd::limits {

// Sets of nodes are fixed bit sets; agreement is quadratic in n, so larger councils want committees.
inline constexpr size_t kMaxNodes = 128;

// A model's longest answer with room to spare; a slot may cost every node this much disk.
inline constexpr size_t kMaxPayloadBytes = 256 * 1024;
inline constexpr size_t kMaxQueryBytes = 512 * 1024;   // a long conversation
// Small: a liar may fill its Votes with redundant encodings, and q of them go into each certificate,
// each certificate into the bundle. What a node has to say beyond it goes into further Votes.
inline constexpr size_t kMaxVotesBytes = 4 * 1024;
inline constexpr size_t kMaxDecisionBytes = 1024;      // a verdict is about 200 bytes
inline constexpr size_t kMaxSmallBodyBytes = 256;      // Sponsor, Heartbeat
inline constexpr size_t kMaxAbstainDetailBytes = 512;  // a sentence for people
inline constexpr size_t kMaxModelNameBytes = 256;      // also a scorer's, and a finish reason

inline constexpr size_t kMaxQueryMessages = 1024;  // kMaxQueryBytes bounds the text, this the list
inline constexpr size_t kMaxStopStrings = 16;      // backends take 4 to 16
// Of a response_format, which is JSON from strangers that each answering node writes out anew: what
// is nested without a bound exhausts its stack.
inline constexpr int kMaxResponseFormatDepth = 64;
inline constexpr size_t kMaxResponseFormatProperties = 5'000;  // as many as OpenAI takes in a schema
inline constexpr size_t kNonceBytes = 16;          // two equal questions of one client differ
inline constexpr uint32_t kMaxDeadlineMs = 24 * 60 * 60 * 1000;  // a query may ask for a day

// Parts of a roster: short enough to read in one line of a status page.
inline constexpr size_t kMaxNodeNameBytes = 64;
inline constexpr size_t kMaxLabelBytes = 128;  // an owner, a model family, a criterion
// An expiry must stay far from overflow, and a watermark must pass within a cluster's life.
inline constexpr uint64_t kMaxLifetimeMs = 365ull * 24 * 60 * 60 * 1'000;

inline constexpr size_t kMaxCriteria = 32;
inline constexpr uint32_t kMaxScore = 20000;  // milli-points: the paper's 20 points

// Waits double from the fourth round on; the 24th waits more than a day, so honest nodes never
// reach the last, and memory for votes stays bounded.
inline constexpr uint32_t kMaxBinaryRound = 32;

// --- Of one author's Votes in one round of n nodes.
// The longest encodings (node/codec): a body without votes, an ECHO, any other vote.
inline constexpr size_t kVotesHeadBytes = 38;
inline constexpr size_t kEchoBytes = 42;
inline constexpr size_t kOtherVoteBytes = 12;
inline constexpr size_t kMaxVotesInBody = 96;  // that an honest node puts together

// Bodies, and so numbers, that are taken; and their bytes.
constexpr uint64_t MaxVotesBodies(int n) { return 256 * static_cast<uint64_t>(n); }
constexpr size_t MaxVotesBytesPerRound(int n) { return 16 * 1024 * static_cast<size_t>(n); }

// What an honest node says at worst: once each, ENTER in both phases, and for each of the 2n slots
// ECHO, DECIDED, both EST of every binary round but EST(1) in the first, one AUX in each, and HINT
// where its turn comes, which is every n-th of the 29 rounds from the fourth on. In truth nobody
// gets beyond a few binary rounds: a node relays an EST only where an honest node is that far, and
// the waits of the late rounds are days. At worst each of them is in a body of its own.
constexpr uint64_t MostVotes(int n) {
  const uint64_t nodes = static_cast<uint64_t>(n);
  const uint64_t hints = (kMaxBinaryRound - 3 + nodes - 1) / nodes;
  return 2 + 2 * nodes * (2 + (2 * kMaxBinaryRound - 1) + kMaxBinaryRound + hints);
}
constexpr size_t MostVotesBytes(int n) {
  const uint64_t echoes = 2 * static_cast<uint64_t>(n);
  return MostVotes(n) * (kVotesHeadBytes + kOtherVoteBytes) + echoes * (kEchoBytes - kOtherVoteBytes);
}

// Messages of rounds not yet joined wait here: enough for a burst of new rounds, no more.
inline constexpr size_t kMaxUnjoinedRounds = 1024;
inline constexpr size_t kMaxUnjoinedBytes = 16u << 20;
inline constexpr size_t kMaxUnjoinedBytesPerRound = 1u << 20;
inline constexpr size_t kMaxEvidencePerAuthor = 4;  // in one round: one of each kind and one more
// Of all rounds, the latest: that it lied again and again shows, and its proposals of the longest
// kind take 16 MiB.
inline constexpr size_t kMaxEvidenceHeldPerAuthor = 32;

// Envelopes a verifier remembers as good, by the memory they keep alive: a few minutes of votes.
inline constexpr size_t kMaxVerifierCacheBytes = 64u << 20;

// One frame carries at most one payload or certificate and some votes.
inline constexpr size_t kMaxFrameBytes = 4u << 20;

// --- Of what is made of a round of n nodes (SPEC section 1: f and q).
constexpr int Faulty(int n) { return (n - 1) / 3; }
constexpr int Quorum(int n) { return (n + Faulty(n) + 2) / 2; }  // ceil((n + f + 1) / 2)

// Beyond an envelope's body: in a bundle and, at most, in a frame.
inline constexpr size_t kEnvelopeBytes = 80;
// The canonical bytes: everything about a node, and of all criteria and parameters.
constexpr size_t MaxRosterBytes(int n) { return 8 * 1024 + 512 * static_cast<size_t>(n); }
constexpr size_t MaxCertificateBytes(int n) {
  return static_cast<size_t>(Quorum(n)) * (kMaxVotesBytes + kEnvelopeBytes) + 256;
}
// Whatever anybody signs: two slots a node with payload and certificate, a Decision of each, the
// query and the roster. Certificates come whole from others, so no budget of an author bounds them.
constexpr size_t MaxBundleBytes(int n) {
  const size_t slot = kMaxPayloadBytes + kEnvelopeBytes + MaxCertificateBytes(n);
  return MaxRosterBytes(n) + kMaxQueryBytes + kEnvelopeBytes + 256 +
         static_cast<size_t>(n) * (2 * slot + kMaxDecisionBytes + kEnvelopeBytes);
}
inline constexpr size_t kMaxBundleBytes = MaxBundleBytes(kMaxNodes);
inline constexpr size_t kRecordPartBytes = 1u << 20;  // of a bundle, in one frame

static_assert(kVotesHeadBytes + kMaxVotesInBody * kEchoBytes <= kMaxVotesBytes);
static_assert(MaxCertificateBytes(kMaxNodes) <= kMaxFrameBytes / 2);
static_assert([] {
  for (int n = 1; n <= static_cast<int>(kMaxNodes); ++n) {
    if (MostVotes(n) > MaxVotesBodies(n) || MostVotesBytes(n) > MaxVotesBytesPerRound(n)) {
      return false;
    }
  }
  return true;
}());

}  // namespace decentd::limits
