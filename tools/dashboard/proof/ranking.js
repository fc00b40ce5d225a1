// From exact scores to an order, and what is shown to people about it (docs/SPEC.md, section 8;
// node/core/aggregate/ranking.cc).
import { Breath } from './breath.js';
import { ByteWriter, compare } from './bytes.js';
import { sha256 } from './digest.js';
import { MAX_SCORE } from './limits.js';
import { RULES } from './roster.js';
import {
  MICRO_PER_DOUBLED_MILLI, MICRO_PER_MILLI, countedTotals, doubledMedian, quotient, scoresBy,
} from './rules.js';

const DUELS = RULES.indexOf('duels');
const CENTRED = RULES.indexOf('centred_geometric_median');
const FULL_MICRO_POINTS = MAX_SCORE * MICRO_PER_MILLI;

// Which of two answers is better: the larger score, then the larger lot, then the earlier slot
// (lots are equal only where two payloads are equal, byte for byte). No worker can grind its answer
// towards its lot, for the sheets come later.
export class Order {
  static async of(input) {
    const order = new Order();
    order.lots = await Promise.all(input.answers.map(({ digest }) => sha256(
        new ByteWriter().raw(digest).raw(input.sheetsDigest).bytes())));
    return order;
  }

  // Negative when answer a is better than b.
  compare(a, scoreA, b, scoreB) {
    return scoreB[0] - scoreA[0] || scoreB[1] - scoreA[1] || compare(this.lots[b], this.lots[a]) ||
        a - b;
  }

  rank(scores) {  // positions, best first
    return [...scores.keys()].sort((a, b) => this.compare(a, scores[a], b, scores[b]));
  }
}

// Twice the median judge's total over all answers.
function doubledLevel(table) {
  return doubledMedian(Array.from({ length: table.judges }, (_, e) => {
    let sum = 0;
    for (let i = 0; i < table.answers; ++i) sum += table.total(e, i);
    return sum;
  }));
}

// Micro-points of the mean criterion for each answer, clamped to 0..20 points, then rounded down.
// Duels: the winner's median total, and for the others that much less as their worst duel is worse.
// Centred: the score on top of the median judge's level.
export function shownScores(rule, table, scores, winner) {
  const d = table.criteria;
  let base = 0, unit = 1;  // micro-points of an answer's total = (score + base) * unit
  if (rule === DUELS) {
    base = doubledMedian(countedTotals(table, winner)) - scores[winner][0];
    unit = MICRO_PER_DOUBLED_MILLI;
  } else if (rule === CENTRED) {
    base = quotient(doubledLevel(table) * MICRO_PER_DOUBLED_MILLI, table.answers);
  }
  return scores.map(([first]) => {
    const total = (first + base) * unit;
    return quotient(Math.min(Math.max(total, 0), FULL_MICRO_POINTS * d), d);
  });
}

// For each judge the mean over the answers of how far the judge's mean criterion is from the
// answer's shown score; micro-points, rounded down. Dropped marks are looked at as well.
export function sheetDistances(table, shown) {
  const d = table.criteria;
  return Array.from({ length: table.judges }, (_, e) => {
    const sum = shown.reduce(
        (all, score, i) => all + Math.abs(table.total(e, i) * MICRO_PER_MILLI - score * d), 0);
    return quotient(sum, d * table.answers);
  });
}

// Whether the rival ranks above the winner once the sheets of these judges are rewritten: 0 for the
// winner and full marks for the rival; other entries, dropping and lots unchanged.
function flips(rule, original, order, winner, rival, judges) {
  const table = original.copy();
  for (const judge of judges) {
    for (let c = 0; c < table.criteria; ++c) {
      table.rewrite(judge, winner, c, 0);
      table.rewrite(judge, rival, c, MAX_SCORE);
    }
  }
  const [winnerScore, rivalScore] = scoresBy(rule, table, [winner, rival]);
  return order.compare(rival, rivalScore, winner, winnerScore) < 0;
}

// How many sheets would have to be rewritten so for one rival to win, the least over the rivals,
// found by bisection; judges + 1 when there is no rival. For each the sheets that favour the winner
// most come first, in slot order where equal: sort() is stable. An upper bound (ranking.h).
export async function flipMargin(rule, table, order, winner) {
  const breath = new Breath();
  let best = table.judges + 1;
  for (let rival = 0; rival < table.answers; ++rival) {
    if (rival === winner) continue;
    const favour = (e) => table.total(e, winner) - table.total(e, rival);
    const victims = [...Array(table.judges).keys()].sort((a, b) => favour(b) - favour(a));
    const succeeds = (count) => flips(rule, table, order, winner, rival, victims.slice(0, count));
    // Most rivals are dismissed by one look: they cannot do it with less than the best so far.
    await breath.take();
    if (best === 1 || !succeeds(best - 1)) continue;
    let fails = 0, enough = best - 1;  // with none rewritten the winner is the winner
    while (enough - fails > 1) {
      await breath.take();
      const middle = fails + ((enough - fails) >> 1);
      if (succeeds(middle)) enough = middle;
      else fails = middle;
    }
    best = enough;
  }
  return best;
}

// SHA-256 over rule, scores and ranking in a fixed encoding: what the verdict holds.
export function resultDigest(rule, scores, ranking) {
  const out = new ByteWriter().ascii('decentd/result').u16(1).u8(rule).u16(scores.length);
  for (const [first, second] of scores) out.i64(first).i64(second);
  for (const position of ranking) out.u16(position);
  return sha256(out.bytes());
}
