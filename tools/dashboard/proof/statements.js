// The signed statements of one bundle: each envelope is checked once, however many certificates
// share it, in the order of docs/SPEC.md, section 2 (size, author, signature, body, role).
import { equal } from './bytes.js';
import { sha256 } from './digest.js';
import { verifySignature } from './ed25519.js';
import { ProofError } from './errors.js';
import { MAX_BODY_BYTES } from './limits.js';
import { decodeDecision, decodePropose, decodeQuery, decodeVotes } from './messages.js';
import { hasRole } from './roster.js';

const CLIENT = 0xFFFFFFFF;
// The browser checks signatures on threads of its own: some at a time, not a queue of thousands.
const AT_A_TIME = 64;

const DECODERS = {
  query: (_, body) => decodeQuery(body),
  propose: decodePropose,
  votes: decodeVotes,
  decision: (_, body) => decodeDecision(body),
};

export class Statements {
  #roster;
  #checkSignatures;
  #onProgress;
  #total;
  #known = new Map();  // envelope -> {value, digest} or {fault}

  // `onProgress({done, total})` counts envelopes. Without `checkSignatures` all else is checked.
  constructor(roster, total, { checkSignatures, onProgress }) {
    this.#roster = roster;
    this.#total = total;
    this.#checkSignatures = checkSignatures;
    this.#onProgress = onProgress;
  }

  // Checks these envelopes, in parallel. What fails is told by get(), in the bundle's order, so
  // that the same check fails first as elsewhere.
  async prepare(envelopes) {
    const fresh = [...new Set(envelopes)].filter((envelope) => !this.#known.has(envelope));
    for (let i = 0; i < fresh.length; i += AT_A_TIME) {
      await Promise.all(fresh.slice(i, i + AT_A_TIME).map(async (envelope) => {
        this.#known.set(envelope, await this.#verify(envelope));
      }));
      this.#onProgress?.({ done: this.#known.size, total: this.#total });
    }
  }

  // The statement {author, digest (of its body), value} of an envelope that was prepared.
  get(check, what, kind, envelope) {
    const known = this.#known.get(envelope);
    if (known.fault) throw new ProofError(check, `${what} does not verify: ${known.fault}`);
    if (envelope.name !== kind) throw new ProofError(check, `${what} is a message of another kind`);
    return known;
  }

  async #verify(envelope) {
    const { name, author, body } = envelope;
    const roster = this.#roster;
    if (body.length > MAX_BODY_BYTES[name]) return { fault: 'too_large' };
    const isKnown = name === 'query' ? author === CLIENT : author < roster.n;
    if (!isKnown) return { fault: 'unknown_author' };
    // A query's body comes first: its key is in there.
    if (name !== 'query' && !await this.#isSigned(roster.nodes[author].key, envelope)) {
      return { fault: 'bad_signature' };
    }
    const decode = DECODERS[name];
    if (!decode) return { author, value: null };  // of a kind that proves nothing in a bundle
    const value = decode(roster, body);
    if (value === null) return { fault: 'undecodable' };
    if (name === 'query' && !await this.#isSigned(value.clientKey, envelope)) {
      return { fault: 'bad_signature' };
    }
    if (name === 'propose' && !hasRole(roster, value.phase, author)) return { fault: 'wrong_role' };
    return { author, value, digest: await sha256(body) };
  }

  async #isSigned(key, { name, body, signature }) {
    return !this.#checkSignatures ||
        verifySignature(key, name, this.#roster.clusterId, body, signature);
  }
}

// Whether these Votes, [{author, value}], are echoes of that slot's digest by distinct nodes in
// that round.
export function areEchoes(votes, roundId, slot, digest) {
  const authors = new Set(votes.map(({ author }) => author));
  return authors.size === votes.length && votes.every(({ value }) =>
    equal(value.roundId, roundId) && value.echoes.some((echo) =>
      echo.phase === slot.phase && echo.author === slot.author && equal(echo.digest, digest)));
}
