// The bounds of node/core/limits.h that a bundle is checked against; each has its reason there.

export const MAX_NODES = 128;
export const MAX_CRITERIA = 32;
export const MAX_SCORE = 20000;
export const MAX_NODE_NAME_BYTES = 64;
export const MAX_LABEL_BYTES = 128;
export const MAX_LIFETIME_MS = 365n * 24n * 60n * 60n * 1000n;
export const MAX_MODEL_NAME_BYTES = 256;
export const MAX_ABSTAIN_DETAIL_BYTES = 512;
export const MAX_QUERY_MESSAGES = 1024;
export const MAX_STOP_STRINGS = 16;
export const MAX_DEADLINE_MS = 24 * 60 * 60 * 1000;
export const MAX_BINARY_ROUND = 32;
export const NONCE_BYTES = 16;
export const SIGNATURE_BYTES = 64;
export const KEY_BYTES = 32;

// The longest body of each kind of message.
export const MAX_BODY_BYTES = {
  query: 512 * 1024, sponsor: 256, propose: 256 * 1024, votes: 4 * 1024, decision: 1024,
  heartbeat: 256,
};

export const faulty = (n) => Math.floor((n - 1) / 3);
export const quorum = (n) => Math.floor((n + faulty(n) + 2) / 2);  // ceil((n + f + 1) / 2)
export const maxVotesBodies = (n) => 256n * BigInt(n);

// B(n) of docs/SPEC.md, section 9.
const ENVELOPE_BYTES = 80;
function maxBundleBytes(n) {
  const certificate = quorum(n) * (MAX_BODY_BYTES.votes + ENVELOPE_BYTES) + 256;
  const slot = MAX_BODY_BYTES.propose + ENVELOPE_BYTES + certificate;
  return 8 * 1024 + 512 * n + MAX_BODY_BYTES.query + ENVELOPE_BYTES + 256 +
      n * (2 * slot + MAX_BODY_BYTES.decision + ENVELOPE_BYTES);
}
export const MAX_BUNDLE_BYTES = maxBundleBytes(MAX_NODES);
