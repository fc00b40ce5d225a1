// The proof of a round, checked from its bytes alone: docs/SPEC.md, section 9, as decentctl verify
// and every node check it (node/proof/verify.cc), here for a page that trusts no server.
//
//   readBundle(bytes)              everything but the signatures: to show a round quickly
//   verifyBundle(bytes, options)   every check; the first that fails throws a ProofError with
//                                  `check` and `detail`
//   compareRules(report, tell)     what the other aggregation rules make of the same sheets
//   ed25519Supported()             whether this browser can check signatures on this page
//
// The first two resolve to the report that report.js makes. One that readBundle made, or whose
// `authenticated` is false, proves nothing: anybody can found a cluster.
import { aggregate } from './aggregate.js';
import { equal, toHex } from './bytes.js';
import { decodeBundle } from './bundle.js';
import { ZERO_DIGEST, digestOfSet, sha256 } from './digest.js';
import { requireEd25519 } from './ed25519.js';
import { ProofError } from './errors.js';
import { makeReport } from './report.js';
import { PHASE_ANSWER, PHASE_SHEET, decodeRoster, panelsOf } from './roster.js';
import { Statements, areEchoes } from './statements.js';
import {
  DECIDED, TOO_FEW_ANSWERS, decodeVerdict, describeVerdict, expectedOutcome,
} from './verdict.js';

export { ProofError } from './errors.js';
export { ed25519Supported } from './ed25519.js';
export { compareRules } from './report.js';

export function readBundle(bytes) {
  return check(bytes, { checkSignatures: false, trusted: null, onProgress: null });
}

// `trustedClusterId`: hex; the bundle then has to be of that cluster. `onProgress({done, total})`
// is called while the envelopes are checked.
export async function verifyBundle(bytes, { trustedClusterId = null, onProgress = null } = {}) {
  if (trustedClusterId !== null && !/^[0-9a-f]{64}$/i.test(trustedClusterId)) {
    throw new TypeError(`a cluster id has 64 hexadecimal digits, found '${trustedClusterId}'`);
  }
  await requireEd25519();
  const trusted = trustedClusterId?.toLowerCase() ?? null;
  return check(bytes, { checkSignatures: true, trusted, onProgress });
}

async function check(input, options) {
  const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input;
  const bundle = await decodeBundle(bytes);
  const checker = new BundleChecker(bundle, await decodeRoster(bundle.roster), options);
  const digest = toHex(await sha256(bytes));
  checker.passed('encoding', `${bytes.length} bytes, canonical, SHA-256 ${digest}`);
  await checker.run();
  return makeReport(checker);
}

const SHEET_OR_ANSWER = ['answer', 'sheet'];

// The checks after the encoding's, one method each, filling what the report is made of.
class BundleChecker {
  constructor(bundle, roster, { checkSignatures, trusted, onProgress }) {
    this.bundle = bundle;
    this.roster = roster;
    this.clusterId = toHex(roster.clusterId);
    this.trusted = trusted;
    this.signaturesChecked = checkSignatures;
    this.authenticated = checkSignatures && trusted !== null;
    this.statements = new Statements(roster, bundle.envelopes.length,
        { checkSignatures, onProgress });
    this.checks = [];
    this.answers = [];    // of A: {author, digest, value}, ascending, Abstains included
    this.sheets = [];     // of S, likewise
    this.decisions = [];  // {author, value}
    this.input = null;    // what is aggregated
    this.aggregate = null;
  }

  // Checks that say who signed are not told as passed where no signature was looked at.
  passed(name, detail) {
    const isOfSignatures =
        ['query_signature', 'proposals', 'certificates', 'decisions'].includes(name);
    if (this.signaturesChecked || !isOfSignatures) this.checks.push({ name, detail });
  }

  async run() {
    this.checkRoster();
    await this.checkQuery();
    await this.checkProposals();
    await this.checkCertificates();
    await this.checkDecisions();
    await this.checkSets();
    this.checkSheets();
    this.checkVerdict();
    await this.checkAggregate();
  }

  slotName({ phase, author }) {
    return `the ${SHEET_OR_ANSWER[phase]} of node ${author} (${this.roster.nodes[author].name})`;
  }

  checkRoster() {
    if (this.trusted !== null && this.trusted !== this.clusterId) {
      throw new ProofError('roster', `the bundle is of cluster ${this.clusterId}, ` +
          `the trusted roster is of cluster ${this.trusted}`);
    }
    this.passed('roster', `${this.roster.n} nodes, cluster ${this.clusterId}, ` +
        (this.authenticated ? 'trusted' : 'not authenticated'));
  }

  async checkQuery() {
    await this.statements.prepare([this.bundle.query]);
    const query = this.statements.get('query_signature', 'the query', 'query', this.bundle.query);
    this.query = query.value;
    this.roundId = query.digest;
    this.panels = await panelsOf(this.roster, this.roundId, this.query.committee);
    this.passed('query_signature', `round ${toHex(this.roundId)}, signed by client ` +
        toHex(this.query.clientKey));
  }

  async checkProposals() {
    const refuse = (detail) => { throw new ProofError('proposals', detail); };
    await this.statements.prepare(this.bundle.slots.map(({ proposal }) => proposal));
    for (const slot of this.bundle.slots) {
      if (slot.author >= this.roster.n) {
        refuse(`a slot names node ${slot.author}, the roster has ${this.roster.n}`);
      }
      const what = this.slotName(slot);
      const propose = this.statements.get('proposals', what, 'propose', slot.proposal);
      if (propose.author !== slot.author) refuse(`${what} is signed by node ${propose.author}`);
      if (propose.value.phase !== slot.phase) refuse(`${what} is a payload of the other phase`);
      if (!equal(propose.value.roundId, this.roundId)) {
        refuse(`${what} belongs to round ${toHex(propose.value.roundId)}`);
      }
      if (!this.panels[slot.phase].members.includes(slot.author)) {
        refuse(`${what} is of no member of this round's committee`);
      }
      (slot.phase === PHASE_ANSWER ? this.answers : this.sheets).push(propose);
    }
    this.passed('proposals', `${this.answers.length} of phase A and ${this.sheets.length} of ` +
        'phase S, each signed by its author');
  }

  async checkCertificates() {
    const { quorum } = this.roster;
    const refuse = (detail) => { throw new ProofError('certificates', detail); };
    await this.statements.prepare(this.bundle.slots.flatMap(({ certificate }) => certificate));
    const digests = [...this.answers, ...this.sheets].map(({ digest }) => digest);
    for (const [i, slot] of this.bundle.slots.entries()) {  // answers, then sheets
      const what = this.slotName(slot);
      if (slot.certificate.length !== quorum) {
        refuse(`${what} has ${slot.certificate.length} votes, expected ${quorum}`);
      }
      const votes = slot.certificate.map((envelope) =>
        this.statements.get('certificates', `a vote for ${what}`, 'votes', envelope));
      if (!areEchoes(votes, this.roundId, slot, digests[i])) {
        refuse(`the votes for ${what} are not ${quorum} echoes of it by distinct nodes in this ` +
            'round');
      }
    }
    this.passed('certificates', `${this.bundle.slots.length} slot certificates of ${quorum} ` +
        'signatures each');
  }

  async checkDecisions() {
    const refuse = (detail) => { throw new ProofError('decisions', detail); };
    const needed = this.roster.quorum;
    const authors = new Set();
    await this.statements.prepare(this.bundle.decisions);
    for (const envelope of this.bundle.decisions) {
      const what = `the decision of node ${envelope.author}`;
      const decision = this.statements.get('decisions', what, 'decision', envelope);
      if (authors.has(decision.author)) refuse(`${what} is there twice`);
      authors.add(decision.author);
      if (!equal(decision.value.roundId, this.roundId)) {
        refuse(`${what} is for round ${toHex(decision.value.roundId)}`);
      }
      const first = this.decisions[0] ?? decision;
      if (!equal(first.value.verdict, decision.value.verdict)) {
        refuse(`${what} has another verdict than the first`);
      }
      this.decisions.push(decision);
    }
    if (authors.size < needed) {
      refuse(`expected at least ${needed} decisions, found ${authors.size}`);
    }
    this.verdict = decodeVerdict(this.decisions[0].value.verdict);
    this.passed('decisions', `${authors.size} of ${this.roster.n} nodes signed this verdict, ` +
        `${needed} needed`);
  }

  async checkSets() {
    if (!equal(await digestOfSet(this.answers), this.verdict.answers)) {
      throw new ProofError('answer_set', 'the answers are not the set that the verdict names');
    }
    this.passed('answer_set', `H(A) ${toHex(this.verdict.answers)}`);
    if (!equal(await digestOfSet(this.sheets), this.verdict.sheets)) {
      throw new ProofError('sheet_set', 'the sheets are not the set that the verdict names');
    }
    this.passed('sheet_set', `H(S) ${toHex(this.verdict.sheets)}`);
  }

  // Collects what is aggregated on the way: abstentions left out.
  checkSheets() {
    const answers = this.answers.filter(({ value }) => value.answer);
    const sheets = [];
    for (const { author, value: { sheet } } of this.sheets) {
      if (!sheet) continue;
      const what = this.slotName({ phase: PHASE_SHEET, author });
      if (!equal(sheet.answers, this.verdict.answers)) {
        throw new ProofError('sheets', `${what} is for another set of answers`);
      }
      const fits = sheet.entries.length === answers.length &&
          sheet.entries.every((entry, i) => entry.author === answers[i].author);
      if (!fits) {
        throw new ProofError('sheets', `${what} does not score exactly the answers of the set`);
      }
      sheets.push({ author, scores: sheet.entries.map(({ scores }) => scores) });
    }
    this.input = {
      answers: answers.map(({ author, digest }) => ({ author, digest })),
      sheets,
      sheetsDigest: this.verdict.sheets,
      faulty: this.panels[PHASE_SHEET].faulty,
    };
    this.passed('sheets', `${sheets.length} scored sheets for ${answers.length} answers`);
  }

  checkVerdict() {
    const answerCount = this.input.answers.length, sheetCount = this.input.sheets.length;
    const outcome = expectedOutcome(this.panels, answerCount, sheetCount);
    const expected = {
      ...this.verdict, outcome, answerCount, sheetCount, rule: this.roster.rule,
      workers: this.panels[PHASE_ANSWER].size, evaluators: this.panels[PHASE_SHEET].size,
      ...(outcome !== DECIDED && { winner: ZERO_DIGEST, result: ZERO_DIGEST }),
    };
    const numbers = ['outcome', 'answerCount', 'sheetCount', 'workers', 'evaluators', 'rule'];
    const isExpected = numbers.every((name) => expected[name] === this.verdict[name]) &&
        equal(expected.winner, this.verdict.winner) && equal(expected.result, this.verdict.result);
    if (!isExpected) {
      throw new ProofError('verdict', `it says "${describeVerdict(this.verdict)}", the bundle ` +
          `holds "${describeVerdict(expected)}"`);
    }
    if (outcome === TOO_FEW_ANSWERS && this.sheets.length > 0) {
      throw new ProofError('verdict',
          'phase S does not run with too few answers, but there are sheets');
    }
    this.passed('verdict', describeVerdict(this.verdict));
  }

  async checkAggregate() {
    if (this.verdict.outcome !== DECIDED) {
      this.passed('aggregate', 'nothing to aggregate');
      return;
    }
    const result = await aggregate(this.roster, this.verdict.rule, this.input);
    const winner = this.input.answers[result.ranking[0]];
    const what = this.slotName({ phase: PHASE_ANSWER, author: winner.author });
    if (!equal(winner.digest, this.verdict.winner)) {
      throw new ProofError('aggregate', `the sheets make ${what} win, the verdict names ` +
          toHex(this.verdict.winner));
    }
    if (!equal(result.digest, this.verdict.result)) {
      throw new ProofError('aggregate',
          'the scores computed from the sheets are not those of the verdict');
    }
    this.aggregate = result;
    this.passed('aggregate', `recomputed bit for bit: ${what} wins`);
  }
}
