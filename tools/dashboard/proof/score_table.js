// The agreed scores as an aggregation rule sees them (docs/SPEC.md, section 8): m judges (rows), k
// answers, d criteria, all in slot order, and which judges are tied to which answer.
//
// Numbers here are whole and stay below 2^53, where doubles are exact, so that they are what the
// daemon's int64 are: a mark is at most 20000, a total at most 32 of them, and the largest sum that
// any rule makes, Krum's of 128 squared distances, at most 128 * 20000^2 * 128 * 32 = 2.1e14.
import { ByteWriter } from './bytes.js';
import { sha256 } from './digest.js';

// How close a judge is to an answer's author. Stronger ties are dropped first.
const NONE = 0, OWN_ANSWER = 1, SAME_OWNER = 2, SAME_FAMILY = 3;

function tieBetween(roster, judge, author) {
  if (judge === author) return OWN_ANSWER;
  const a = roster.nodes[judge], b = roster.nodes[author];
  if (roster.dropSameOwner && a.owner !== '' && a.owner === b.owner) return SAME_OWNER;
  if (roster.dropSameFamily && a.modelFamily !== '' && a.modelFamily === b.modelFamily) {
    return SAME_FAMILY;
  }
  return NONE;
}

export class ScoreTable {
  // `input`: {answers: [{author, digest}], sheets: [{author, scores: [[mark of each criterion] of
  // each answer]}], sheetsDigest, faulty}, both lists ascending by author; `faulty` is f_E, the
  // liars that a rule has to withstand.
  static async of(roster, input) {
    const lots = await Promise.all(input.sheets.map(({ author }) => sha256(
        new ByteWriter().u16(author).raw(input.sheetsDigest).bytes())));
    return new ScoreTable(roster, input, lots);
  }

  constructor(roster, input, judgeLots) {
    this.judges = input.sheets.length;
    this.answers = input.answers.length;
    this.criteria = roster.criteria.length;
    this.faulty = input.faulty;
    this.judgeLots = judgeLots;  // decide between judges who are equal by a rule
    this.marks = Float64Array.from(input.sheets.flatMap(({ scores }) => scores.flat()));
    this.ties = input.sheets.flatMap((sheet) => input.answers.map(
        (answer) => tieBetween(roster, sheet.author, answer.author)));
    this.totals = new Float64Array(this.judges * this.answers);
    this.marks.forEach((mark, at) => { this.totals[Math.floor(at / this.criteria)] += mark; });
    this.countedOf = input.answers.map((_, i) => this.countJudgesOf(i));
  }

  // Another table in which marks may be rewritten; ties and who counts stay.
  copy() {
    const other = Object.assign(Object.create(ScoreTable.prototype), this);
    other.marks = this.marks.slice();
    other.totals = this.totals.slice();
    return other;
  }

  mark(judge, answer, criterion) {
    return this.marks[(judge * this.answers + answer) * this.criteria + criterion];
  }
  total(judge, answer) { return this.totals[judge * this.answers + answer]; }
  rewrite(judge, answer, criterion, mark) {
    const at = (judge * this.answers + answer) * this.criteria + criterion;
    this.totals[judge * this.answers + answer] += mark - this.marks[at];
    this.marks[at] = mark;
  }

  // The judges whose score of this answer counts, ascending.
  counted(answer) { return this.countedOf[answer]; }

  // The judges of a comparison: all that are tied to neither answer, or simply all when fewer than
  // 2 f_E + 1 would remain.
  countedForPair(a, b) {
    const all = [...Array(this.judges).keys()];
    const untied = all.filter((e) => this.tie(e, a) === NONE && this.tie(e, b) === NONE);
    return untied.length >= 2 * this.faulty + 1 ? untied : all;
  }

  // A judge's score of its own answer goes first, then those of the answer's owner, then those of
  // its model family, each group only as a whole and only when enough judges remain.
  countJudgesOf(answer) {
    let counted = [...Array(this.judges).keys()];
    for (const tie of [OWN_ANSWER, SAME_OWNER, SAME_FAMILY]) {
      const untied = counted.filter((e) => this.tie(e, answer) !== tie);
      if (untied.length >= 2 * this.faulty + 1) counted = untied;
    }
    return counted;
  }

  tie(judge, answer) { return this.ties[judge * this.answers + answer]; }
}
