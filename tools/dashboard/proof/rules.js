// The aggregation rules (docs/SPEC.md, section 8; node/core/aggregate/rules.h says what each one
// withstands). Each is a pure function from the score table to the exact score [first, second] of
// each of the answers asked for, by position; the larger score is the better answer.
import { compare } from './bytes.js';
import { geometricMedian } from './geometric_median.js';

export const MICRO_PER_MILLI = 1000;
export const MICRO_PER_DOUBLED_MILLI = 500;  // for doubled medians

// The daemon's division of integers, towards zero. The quotient of doubles is exact enough for it:
// a / b with whole a below 2^53 is never rounded up to a whole number that it is below, as the
// next smaller fraction is 1 / b away and rounding moves it by less than a / b / 2^53. The sum
// makes a 0 of -0.
export const quotient = (a, b) => Math.trunc(a / b) + 0;

const ascending = (values) => Float64Array.from(values).sort();

// Twice the median: the lower plus the upper middle of the sorted values, of which there are some.
export function doubledMedian(values) {
  const sorted = ascending(values);
  const upper = sorted.length >> 1;
  return sorted.length % 2 === 1 ? 2 * sorted[upper] : sorted[upper] + sorted[upper - 1];
}

export const countedTotals = (table, answer) =>
  table.counted(answer).map((e) => table.total(e, answer));

// --- Rules 1 and 2: the only floating-point computations.

// Components summed in order, then rounded half up to whole micro-points. `scale` is what the
// points were multiplied by.
function sumInMicroPoints(median, scale) {
  let sum = 0;
  for (const component of median) sum = sum + component;
  return Math.floor(sum * 1000 / scale + 0.5) + 0;
}

function geometricMedianScores(table, answers) {
  const d = table.criteria;
  return answers.map((i) => {
    const points = table.counted(i).flatMap(
        (e) => Array.from({ length: d }, (_, c) => table.mark(e, i, c)));
    return [sumInMicroPoints(geometricMedian(Float64Array.from(points), d), 1), 0];
  });
}

function centredGeometricMedianScores(table, answers) {
  const k = table.answers, d = table.criteria;
  // Everything times k: the centred marks stay whole numbers.
  const sums = new Float64Array(table.judges * d);
  for (let e = 0; e < table.judges; ++e) {
    for (let i = 0; i < k; ++i) {
      for (let c = 0; c < d; ++c) sums[e * d + c] += table.mark(e, i, c);
    }
  }
  return answers.map((i) => {
    const points = table.counted(i).flatMap((e) => Array.from(
        { length: d }, (_, c) => k * table.mark(e, i, c) - sums[e * d + c]));
    return [sumInMicroPoints(geometricMedian(Float64Array.from(points), d), k), 0];
  });
}

// --- Rule 3.

// How `a` fares against `b`: twice the median difference, and the judges above less those below.
function duel(table, a, b) {
  const differences = table.countedForPair(a, b).map((e) => table.total(e, a) - table.total(e, b));
  return [
    doubledMedian(differences),
    differences.reduce((count, difference) => count + Math.sign(difference), 0),
  ];
}

// The least of each on its own: the worst head count may be another duel's than the worst median.
function duelScores(table, answers) {
  return answers.map((i) => {
    let worst = null;
    for (let j = 0; j < table.answers; ++j) {
      if (j === i) continue;
      const [median, heads] = duel(table, i, j);
      worst = worst ? [Math.min(worst[0], median), Math.min(worst[1], heads)] : [median, heads];
    }
    return worst ?? [0, 0];
  });
}

// --- Rules 4, 5, 6 and 8: sorted integers.

function coordinateMedianScores(table, answers) {
  return answers.map((i) => {
    let doubled = 0;
    for (let c = 0; c < table.criteria; ++c) {
      doubled += doubledMedian(table.counted(i).map((e) => table.mark(e, i, c)));
    }
    return [doubled * MICRO_PER_DOUBLED_MILLI, 0];
  });
}

function medianOfTotalsScores(table, answers) {
  return answers.map((i) => [doubledMedian(countedTotals(table, i)) * MICRO_PER_DOUBLED_MILLI, 0]);
}

function meanInMicroPoints(totals, trim) {
  const dropped = Math.min(trim, (totals.length - 1) >> 1);
  const kept = ascending(totals).subarray(dropped, totals.length - dropped);
  return quotient(kept.reduce((sum, total) => sum + total, 0) * MICRO_PER_MILLI, kept.length);
}

function trimmedMeanScores(table, answers) {
  return answers.map((i) => [meanInMicroPoints(countedTotals(table, i), table.faulty), 0]);
}

function unsafeMeanScores(table, answers) {
  return answers.map((i) => [meanInMicroPoints(countedTotals(table, i), 0), 0]);
}

// --- Rule 7.

function squaredDistance(table, a, b) {
  const size = table.answers * table.criteria;
  let sum = 0;
  for (let at = 0; at < size; ++at) {
    const difference = table.marks[a * size + at] - table.marks[b * size + at];
    sum += difference * difference;
  }
  return sum;
}

function chosenJudge(table) {
  const m = table.judges;
  const distances = Array.from({ length: m }, () => []);
  for (let a = 0; a < m; ++a) {
    for (let b = a + 1; b < m; ++b) {
      const distance = squaredDistance(table, a, b);
      distances[a].push(distance);
      distances[b].push(distance);
    }
  }
  const neighbours = Math.min(m - 1, Math.max(1, m - table.faulty - 2));
  let chosen = 0, least = 0;
  for (let e = 0; e < m; ++e) {
    const cost = ascending(distances[e]).subarray(0, neighbours)
        .reduce((sum, distance) => sum + distance, 0);
    const wins = cost < least ||
        cost === least && compare(table.judgeLots[e], table.judgeLots[chosen]) > 0;
    if (e === 0 || wins) [chosen, least] = [e, cost];
  }
  return chosen;
}

function krumScores(table, answers) {
  const judge = chosenJudge(table);
  return answers.map((i) => [table.total(judge, i) * MICRO_PER_MILLI, 0]);
}

// By the rule's number in rosters and verdicts.
const SCORES = [
  null, geometricMedianScores, centredGeometricMedianScores, duelScores, coordinateMedianScores,
  trimmedMeanScores, medianOfTotalsScores, krumScores, unsafeMeanScores,
];

export function scoresBy(rule, table, answers) {
  return SCORES[rule](table, answers);
}
