// A cluster: its nodes and what all of them agree on (docs/SPEC.md, section 1), from the canonical
// bytes; and the panels of one round.
import { ByteReader, ByteWriter, compare, equal } from './bytes.js';
import { sha256 } from './digest.js';
import { ProofError } from './errors.js';
import {
  KEY_BYTES, MAX_CRITERIA, MAX_LABEL_BYTES, MAX_LIFETIME_MS, MAX_NODES, MAX_NODE_NAME_BYTES, faulty,
  quorum,
} from './limits.js';

export const RULES = [
  '', 'geometric_median', 'centred_geometric_median', 'duels', 'coordinate_median', 'trimmed_mean',
  'median_of_totals', 'krum', 'unsafe_mean',
];
export const PHASE_ANSWER = 0;
export const PHASE_SHEET = 1;

const MAGIC = 'decentd/roster';
const VERSION = 1;
const DEFAULT_FAULTY = 0xFFFF;

const isPrintable = (text) => /^[ -~]*$/.test(text);

function readDeadlines(in_) {
  return { soft: in_.u32(), hard: in_.u32(), minSoft: in_.u32(), minHard: in_.u32() };
}

function areDeadlines(d) {
  return d.minSoft > 0 && d.minHard > 0 && d.soft >= d.minSoft && d.hard >= d.minHard &&
      d.hard > d.soft;
}

function readNode(in_, index) {
  const name = in_.text();
  const key = in_.raw(KEY_BYTES);
  const roles = in_.u8();
  return {
    index, name, key, worker: (roles & 1) !== 0, evaluator: (roles & 2) !== 0, roles,
    owner: in_.text(), modelFamily: in_.text(),
  };
}

function isNode(node) {
  return new RegExp(`^[a-z0-9_.-]{1,${MAX_NODE_NAME_BYTES}}$`).test(node.name) &&
      node.roles >= 1 && node.roles <= 3 &&  // a role, and no bit without a meaning
      [node.owner, node.modelFamily].every(
          (label) => label.length <= MAX_LABEL_BYTES && isPrintable(label));
}

const areDistinct = (items) => new Set(items).size === items.length;

function areCriteria(criteria) {
  return criteria.length >= 1 && criteria.length <= MAX_CRITERIA && areDistinct(criteria) &&
      criteria.every((c) => c.length >= 1 && c.length <= MAX_LABEL_BYTES && isPrintable(c));
}

// A roster states f_W and f_E within what the default of answers is, or leaves them out.
function isFaulty(stated, n, panel) {
  return panel >= 1 && (stated === DEFAULT_FAULTY || stated <= largestFaulty(n, panel));
}

const largestFaulty = (n, panel) => Math.min(faulty(n), Math.floor((panel - 1) / 2));

// The roster, or a ProofError "roster". Every number has a fixed width and every text its length,
// so bytes whose values are valid, with no bit without a meaning and nothing behind them, are the
// ones that encode again to themselves.
export async function decodeRoster(bytes) {
  const refuse = () => {
    throw new ProofError('roster', 'not the canonical bytes of a roster');
  };
  const in_ = new ByteReader(bytes, refuse);
  if (!equal(in_.raw(MAGIC.length), new ByteWriter().ascii(MAGIC).bytes())) refuse();
  if (in_.u16() !== VERSION) refuse();
  const epoch = in_.u32();
  const rule = in_.u8();
  const criteria = [];
  for (let left = in_.u16(); left > 0; --left) criteria.push(in_.text());
  const deadlines = { answer: readDeadlines(in_), sheet: readDeadlines(in_) };
  const absentAfterMs = in_.u32();
  const hintBaseMs = in_.u32();
  const longestLifetimeMs = in_.u64();
  const roundsPerSponsor = in_.u32();
  const faultyWorkers = in_.u16();
  const faultyEvaluators = in_.u16();
  const drops = in_.u8();
  const n = in_.u16();
  if (n < 1 || n > MAX_NODES) refuse();
  const nodes = [];
  for (let i = 0; i < n; ++i) nodes.push(readNode(in_, i));
  if (in_.left !== 0) refuse();

  const workers = nodes.filter((node) => node.worker).length;
  const evaluators = nodes.filter((node) => node.evaluator).length;
  const isValid = rule >= 1 && rule < RULES.length && areCriteria(criteria) &&
      areDeadlines(deadlines.answer) && areDeadlines(deadlines.sheet) && absentAfterMs > 0 &&
      hintBaseMs > 0 && longestLifetimeMs > 0n && longestLifetimeMs <= MAX_LIFETIME_MS &&
      roundsPerSponsor > 0 && drops <= 3 && nodes.every(isNode) &&
      areDistinct(nodes.map((node) => node.name)) &&
      areDistinct(nodes.map((node) => String(node.key))) &&
      isFaulty(faultyWorkers, n, workers) && isFaulty(faultyEvaluators, n, evaluators);
  if (!isValid) refuse();
  return {
    epoch, rule, criteria, deadlines, absentAfterMs, hintBaseMs,
    longestLifetimeMs: Number(longestLifetimeMs),  // at most a year: exact
    roundsPerSponsor, faultyWorkers, faultyEvaluators,
    dropSameOwner: (drops & 1) !== 0, dropSameFamily: (drops & 2) !== 0,
    nodes, n, f: faulty(n), quorum: quorum(n), clusterId: await sha256(bytes),
  };
}

// Whether a node has a slot in that phase at all, in one round or another.
export function hasRole(roster, phase, node) {
  return phase === PHASE_ANSWER ? roster.nodes[node].worker : roster.nodes[node].evaluator;
}

// The panel of a phase in which every node of that role takes part: its members, how many of them
// may be faulty, how many usable payloads the phase needs, and the gate (SPEC, section 1, Numbers).
function fullPanel(roster, phase) {
  const members = roster.nodes.filter((node) => hasRole(roster, phase, node.index))
      .map((node) => node.index);
  const stated = phase === PHASE_ANSWER ? roster.faultyWorkers : roster.faultyEvaluators;
  return makePanel(phase, members, stated !== DEFAULT_FAULTY ? stated :
      Math.min(roster.f, mostFaulty(phase, members.length)));
}

// One honest answer is enough to choose from; a third of sheets, so that a round survives as many
// missing evaluators as lying ones.
function mostFaulty(phase, size) {
  return Math.floor((size - 1) / (phase === PHASE_ANSWER ? 2 : 3));
}

function makePanel(phase, members, panelFaulty) {
  const minimum = phase === PHASE_ANSWER ? panelFaulty + 1 :
      Math.max(2 * panelFaulty + 1, Math.floor(members.length / 2) + 1);
  return {
    members, size: members.length, faulty: panelFaulty, minimum,
    gate: Math.max(members.length - panelFaulty, minimum),
  };
}

// The panels of one round, [of phase A, of phase S]. A query that asks for a committee of k narrows
// each panel that has more members to the k of them with the smallest lots, which follow from the
// round's id: every node, and everyone who reads the proof, draws the same ones.
export async function panelsOf(roster, roundId, committee) {
  const full = [fullPanel(roster, PHASE_ANSWER), fullPanel(roster, PHASE_SHEET)];
  if (committee === 0) return full;
  const lots = await Promise.all(roster.nodes.map((node) => sha256(
      new ByteWriter().ascii('decentd/committee').raw(roundId).u16(node.index).bytes())));
  return full.map((panel, phase) => {
    if (committee >= panel.size) return panel;
    const members = [...panel.members].sort((a, b) => compare(lots[a], lots[b]) || a - b)
        .slice(0, committee).sort((a, b) => a - b);
    return makePanel(phase, members, Math.min(panel.faulty, mostFaulty(phase, committee)));
  });
}
