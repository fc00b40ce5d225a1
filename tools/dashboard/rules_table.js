// The same sheets under every other rule: what hangs on the choice of the rule.

import { h, words } from './dom.js';
import { microPoints } from './format.js';
import { compareRules } from './proof/verify.js';
import { answerBy } from './report.js';
import { plainTable } from './table.js';

const IN_WORDS = {
  geometric_median: 'the point with the least sum of distances to all judges\' marks',
  centred_geometric_median: 'the same, with each judge\'s general mildness taken out first',
  duels: 'each pair of answers against each other, by the median judge',
  coordinate_median: 'the median of each criterion by itself',
  trimmed_mean: 'the mean without the most extreme judges at both ends',
  median_of_totals: 'the median of the judges\' totals',
  krum: 'the sheet of the one judge that is closest to the others',
  unsafe_mean: 'the plain mean: one liar can move it as far as it likes',
};

/** onProgress({done, total}): how many rules are computed. */
export async function rulesTable(report, onProgress) {
  const all = await compareRules(report, onProgress);
  const winner = report.aggregate.ranking[0];
  const others = all.filter(({ ranking }) => ranking[0] !== winner).length;
  return h('div', {},
    h('p', {}, others === 0
      ? 'Every rule picks the same winner from these sheets.'
      : `${others} of ${all.length - 1} other rules would pick another winner: ` +
        'the choice of the rule mattered here.'),
    plainTable('The winner under each rule',
      ['Rule', 'Winner', 'Its score', 'Flip margin', 'Order'],
      all.map((one) => ruleRow(report, one, winner))));
}

function ruleRow(report, { rule, ranking, shownScores, flipMargin }, winner) {
  const nameOf = (author) => words(answerBy(report, author).name);
  const current = rule === report.aggregate.rule;
  const sheets = report.sheets.filter(({ usable }) => usable).length;
  const best = ranking[0];
  return {
    current,
    cells: [
      [rule.replaceAll('_', ' '),
        current ? h('span', { class: 'badge after' }, 'decided by') : null,
        h('p', { class: 'hint' }, IN_WORDS[rule] ?? null)],
      [nameOf(best),
        best === winner ? null : h('span', { class: 'badge status-failed after' }, 'another')],
      microPoints(shownScores[best]),
      flipMargin > sheets ? 'none would do' : `${flipMargin} of ${sheets}`,
      ranking.map((author, i) => [i > 0 ? ' › ' : '', nameOf(author)]),
    ],
  };
}
