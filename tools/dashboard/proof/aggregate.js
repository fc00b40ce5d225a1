// From agreed answers and score sheets to a ranking (docs/SPEC.md, section 8): the same integers,
// the same digest as every node computes.
import { Order, flipMargin, resultDigest, sheetDistances, shownScores } from './ranking.js';
import { scoresBy } from './rules.js';
import { ScoreTable } from './score_table.js';

// `input` as ScoreTable.of takes it, with at least one answer and one sheet. The rule (a number) is
// given apart from the roster's own, so that rules can be compared. Resolves to {scores, ranking,
// shownScores, flipMargin, sheetDistance, digest}: scores and shown scores of the answers and
// distances of the sheets in the input's order, ranking as positions in it, best first.
export async function aggregate(roster, rule, input) {
  const table = await ScoreTable.of(roster, input);
  const order = await Order.of(input);
  const scores = scoresBy(rule, table, [...input.answers.keys()]);
  const ranking = order.rank(scores);
  const shown = shownScores(rule, table, scores, ranking[0]);
  return {
    scores,
    ranking,
    shownScores: shown,
    flipMargin: await flipMargin(rule, table, order, ranking[0]),
    sheetDistance: sheetDistances(table, shown),
    digest: await resultDigest(rule, scores, ranking),
  };
}
