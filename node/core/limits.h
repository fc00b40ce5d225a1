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
inline constexpr size_t kMaxVotesBytes = 128 * 1024;   // every slot of both phases a few times over
inline constexpr size_t kMaxDecisionBytes = 1024;      // a verdict is about 200 bytes
inline constexpr size_t kMaxSmallBodyBytes = 256;      // Sponsor, Heartbeat
inline constexpr size_t kMaxAbstainDetailBytes = 512;  // a sentence for people
inline constexpr size_t kMaxModelNameBytes = 256;      // also a scorer's, and a finish reason

inline constexpr size_t kMaxQueryMessages = 1024;  // kMaxQueryBytes bounds the text, this the list
inline constexpr size_t kMaxStopStrings = 16;      // backends take 4 to 16
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
inline constexpr uint64_t kMaxVotesSeq = 1 << 12;  // honest nodes stay below a few hundred
// Of one author in one round: every vote there is for 256 slots is about 300 KiB.
inline constexpr size_t kMaxVotesBytesPerRound = 2u << 20;

// Messages of rounds not yet joined wait here: enough for a burst of new rounds, no more.
inline constexpr size_t kMaxUnjoinedRounds = 1024;
inline constexpr size_t kMaxUnjoinedBytes = 16u << 20;
inline constexpr size_t kMaxUnjoinedBytesPerRound = 1u << 20;
inline constexpr size_t kMaxEvidencePerRound = 2 * kMaxNodes;  // one or two proofs convict an author

// Envelopes a verifier remembers as good, by the memory they keep alive: a few minutes of votes.
inline constexpr size_t kMaxVerifierCacheBytes = 64u << 20;

// One frame carries at most one payload or certificate and some votes.
inline constexpr size_t kMaxFrameBytes = 4u << 20;
inline constexpr size_t kMaxBundleBytes = 64u << 20;

}  // namespace decentd::limits
