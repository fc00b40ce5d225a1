// The signed bodies (proto/decentd/types/v1/types.proto) as values within their ranges, with the
// checks of docs/SPEC.md, section 2, "What is refused", item 4: null where a body is not.
import { DIGEST_BYTES } from './digest.js';
import {
  KEY_BYTES, MAX_ABSTAIN_DETAIL_BYTES, MAX_BINARY_ROUND, MAX_DEADLINE_MS, MAX_MODEL_NAME_BYTES,
  MAX_NODES, MAX_QUERY_MESSAGES, MAX_SCORE, MAX_STOP_STRINGS, NONCE_BYTES, maxVotesBodies,
} from './limits.js';
import * as pb from './protobuf.js';
import { PHASE_ANSWER, PHASE_SHEET, hasRole } from './roster.js';
import { decodeVerdict } from './verdict.js';

const USAGE = pb.schema({
  promptTokens: [1, pb.uint64], completionTokens: [2, pb.uint64], costMicroUsd: [3, pb.uint64],
  elapsedMs: [4, pb.uint64],
});
const QUERY = pb.schema({
  clientKey: [1, pb.bytes],
  messages: [2, pb.repeated(pb.message(pb.schema({
    role: [1, pb.string], content: [2, pb.string],
  })))],
  sampling: [3, pb.message(pb.schema({
    maxTokens: [1, pb.uint32], temperature: [2, pb.double], topP: [3, pb.double],
    seed: [4, pb.int64], stop: [5, pb.repeated(pb.string)], responseFormat: [6, pb.string],
  }))],
  answerSoftMs: [4, pb.uint32], answerHardMs: [5, pb.uint32],
  sheetSoftMs: [6, pb.uint32], sheetHardMs: [7, pb.uint32],
  nonce: [8, pb.bytes], expiryUnixMs: [9, pb.int64], committee: [10, pb.uint32],
});
const PROPOSE = pb.schema({
  roundId: [1, pb.bytes], phase: [2, pb.enumeration],
  answer: [3, pb.oneof('payload', pb.message(pb.schema({
    text: [1, pb.string], model: [2, pb.string], finishReason: [3, pb.string],
    usage: [4, pb.message(USAGE)],
  })))],
  sheet: [4, pb.oneof('payload', pb.message(pb.schema({
    answers: [1, pb.bytes],
    entries: [2, pb.repeated(pb.message(pb.schema({
      author: [1, pb.uint32], scores: [2, pb.repeated(pb.uint32)],
    })))],
    scorer: [3, pb.string], usage: [4, pb.message(USAGE)],
  })))],
  abstain: [5, pb.oneof('payload', pb.message(pb.schema({
    reason: [1, pb.enumeration], detail: [2, pb.string],
  })))],
});
const VOTES = pb.schema({
  roundId: [1, pb.bytes], seq: [2, pb.uint64],
  votes: [3, pb.repeated(pb.message(pb.schema({
    type: [1, pb.enumeration], phase: [2, pb.enumeration], slot: [3, pb.uint32],
    binaryRound: [4, pb.uint32], value: [5, pb.uint32], digest: [6, pb.bytes],
  })))],
});
const DECISION = pb.schema({
  roundId: [1, pb.bytes], verdict: [2, pb.bytes],
  closedAnswers: [3, pb.enumeration], closedSheets: [4, pb.enumeration],
});

export const ABSTAIN_REASONS = [
  '', 'model failed', 'model timed out', 'reply unusable', 'over its budget',
  'no model configured', 'shutting down',
];
export const CLOSED = ['all_arrived', 'soft', 'absent', 'hard'];

const utf8Bytes = (text) => new TextEncoder().encode(text).length;
const isName = (text = '') => utf8Bytes(text) <= MAX_MODEL_NAME_BYTES;
const isDigest = (bytes) => bytes?.length === DIGEST_BYTES;

// Numbers of 64 bits: exact as a Number, else as decimal text, for a report is often made JSON.
function plain(value) {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function readUsage(usage = {}) {
  return Object.fromEntries(Object.entries(usage).map(([name, value]) => [name, plain(value)]));
}

// --- Query ---

function readSampling(sampling = {}) {
  const { maxTokens, temperature, topP, seed, stop = [], responseFormat = '' } = sampling;
  if (maxTokens === 0) return null;
  // NaN compares false with everything, so it is outside.
  if (temperature !== undefined && !(temperature >= 0 && temperature <= 2)) return null;
  if (topP !== undefined && !(topP > 0 && topP <= 1)) return null;
  if (stop.length > MAX_STOP_STRINGS || stop.includes('')) return null;
  return {
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }), ...(seed !== undefined && { seed: plain(seed) }),
    stop, responseFormat,
  };
}

function areDeadlines(soft, hard) {
  return soft <= MAX_DEADLINE_MS && hard <= MAX_DEADLINE_MS &&
      (soft === 0 || hard === 0 || hard > soft);
}

export function decodeQuery(body) {
  const query = pb.parse(QUERY, body);
  if (query === null || query.clientKey?.length !== KEY_BYTES) return null;
  const messages = (query.messages ?? [])
      .map(({ role = '', content = '' }) => ({ role, content }));
  if (messages.length < 1 || messages.length > MAX_QUERY_MESSAGES) return null;
  if (!messages.every(({ role }) => ['system', 'user', 'assistant'].includes(role))) return null;
  if (messages.at(-1).role !== 'user' || messages.at(-1).content === '') return null;
  const sampling = readSampling(query.sampling);
  if (sampling === null) return null;
  const { answerSoftMs = 0, answerHardMs = 0, sheetSoftMs = 0, sheetHardMs = 0 } = query;
  if (!areDeadlines(answerSoftMs, answerHardMs) || !areDeadlines(sheetSoftMs, sheetHardMs)) {
    return null;
  }
  if (query.nonce?.length !== NONCE_BYTES) return null;
  const { expiryUnixMs = 0n, committee = 0 } = query;
  if (expiryUnixMs <= 0n || committee > MAX_NODES) return null;
  return {
    clientKey: query.clientKey, messages, sampling, answerSoftMs, answerHardMs, sheetSoftMs,
    sheetHardMs, nonce: query.nonce, expiryUnixMs: plain(expiryUnixMs), committee,
  };
}

// --- Propose ---

function readAnswer({ text = '', model = '', finishReason = '', usage }) {
  if (text === '' || !isName(model) || !isName(finishReason)) return null;
  return { text, model, finishReason, usage: readUsage(usage) };
}

function isAuthor(roster, phase, node) {
  return node < roster.n && hasRole(roster, phase, node);
}

function readSheet(roster, { answers, entries = [], scorer = '', usage }) {
  if (!isDigest(answers) || entries.length === 0 || !isName(scorer)) return null;
  let last = -1;
  const read = [];
  for (const { author = 0, scores = [] } of entries) {
    if (!isAuthor(roster, PHASE_ANSWER, author) || author <= last) return null;
    if (scores.length !== roster.criteria.length) return null;
    if (scores.some((score) => score > MAX_SCORE)) return null;
    read.push({ author, scores });
    last = author;
  }
  return { answers, entries: read, scorer, usage: readUsage(usage) };
}

function readAbstain({ reason = 0, detail = '' }) {
  if (reason < 1 || reason >= ABSTAIN_REASONS.length) return null;
  if (utf8Bytes(detail) > MAX_ABSTAIN_DETAIL_BYTES) return null;
  return { reason: ABSTAIN_REASONS[reason], detail };
}

// {roundId, phase} and one of answer, sheet and abstain.
export function decodePropose(roster, body) {
  const propose = pb.parse(PROPOSE, body);
  if (propose === null || !isDigest(propose.roundId)) return null;
  const { roundId, phase = PHASE_ANSWER } = propose;
  if (phase > PHASE_SHEET) return null;
  const made = (name, payload) => payload && { roundId, phase, [name]: payload };
  if (propose.answer) {
    return phase === PHASE_ANSWER ? made('answer', readAnswer(propose.answer)) : null;
  }
  if (propose.sheet) {
    return phase === PHASE_SHEET ? made('sheet', readSheet(roster, propose.sheet)) : null;
  }
  return propose.abstain ? made('abstain', readAbstain(propose.abstain)) : null;
}

// --- Votes ---

const ENTER = 1, ECHO = 2, EST = 3, AUX = 4, HINT = 5, DECIDED = 6;
const isBit = (value) => value <= 1;
const isBinaryRound = (round) => round >= 1 && round <= MAX_BINARY_ROUND;

// A field that the type does not use is absent.
function isVote(roster, { type, phase, slot, binaryRound, value, digest }) {
  if (phase > PHASE_SHEET) return false;
  if (type === ENTER) {
    return slot === 0 && binaryRound === 0 && value === 0 && digest.length === 0;
  }
  if (!isAuthor(roster, phase, slot)) return false;
  if (type === ECHO) return isDigest(digest) && binaryRound === 0 && value === 0;
  if (digest.length !== 0) return false;
  switch (type) {
    case EST: case HINT: return isBinaryRound(binaryRound) && isBit(value);
    case AUX: return isBinaryRound(binaryRound) && value >= 1 && value <= 3;
    case DECIDED: return binaryRound === 0 && isBit(value);
    default: return false;
  }
}

// {roundId, echoes: [{phase, author, digest}]}: of the votes only ECHOs prove anything in a bundle.
export function decodeVotes(roster, body) {
  const message = pb.parse(VOTES, body);
  if (message === null || !isDigest(message.roundId)) return null;
  const { seq = 0n, votes = [] } = message;
  if (seq >= maxVotesBodies(roster.n) || votes.length === 0) return null;
  const echoes = [];
  const echoed = new Set();
  for (const sparse of votes) {
    const vote = {
      type: 0, phase: 0, slot: 0, binaryRound: 0, value: 0, digest: new Uint8Array(), ...sparse,
    };
    if (!isVote(roster, vote)) return null;
    if (vote.type !== ECHO) continue;
    // One body cannot be evidence against itself, so it is refused instead.
    const slot = `${vote.phase}/${vote.slot}`;
    if (echoed.has(slot)) return null;
    echoed.add(slot);
    echoes.push({ phase: vote.phase, author: vote.slot, digest: vote.digest });
  }
  return { roundId: message.roundId, echoes };
}

// --- Decision ---

// {roundId, verdict (its bytes), closedAnswers, closedSheets}.
export function decodeDecision(body) {
  const decision = pb.parse(DECISION, body);
  if (decision === null || !isDigest(decision.roundId)) return null;
  const { roundId, verdict = new Uint8Array(), closedAnswers = 0, closedSheets = 0 } = decision;
  if (closedAnswers >= CLOSED.length || closedSheets >= CLOSED.length) return null;
  if (decodeVerdict(verdict) === null) return null;
  return {
    roundId, verdict, closedAnswers: CLOSED[closedAnswers], closedSheets: CLOSED[closedSheets],
  };
}
