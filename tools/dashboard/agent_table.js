// How each agent did over the latest rounds.

import { h, words } from './dom.js';
import { count, duration, percent, points, UNKNOWN } from './format.js';
import { Table } from './table.js';

const faint = () => h('span', { class: 'faint' }, UNKNOWN);
const known = (value, text) => (value === null ? faint() : text);

// A rate and what it was counted from; of nothing it is unknown.
const rate = (part, whole) => (whole === 0 ? faint()
  : [percent(part, whole), h('div', { class: 'hint nowrap' }, `${part} of ${whole}`)]);

const rateColumn = (label, part, whole) => ({
  key: part, label, numeric: true,
  value: (a) => (a[whole] === 0 ? null : a[part] / a[whole]),
  cell: (a) => rate(a[part], a[whole]),
});

const COLUMNS = [
  {
    key: 'agent', label: 'Agent', rowHeader: true, value: (a) => a.agent,
    cell: (a) => words(a.agent),
  },
  {
    key: 'rounds', label: 'Rounds', numeric: true, value: (a) => a.rounds,
    cell: (a) => count(a.rounds),
  },
  rateColumn('Wins', 'wins', 'usableAnswers'),
  {
    key: 'score', label: 'Mean robust score', numeric: true, value: (a) => a.meanScore,
    cell: (a) => known(a.meanScore, points(a.meanScore)),
  },
  rateColumn('Abstained', 'abstained', 'slots'),
  rateColumn('Missing', 'missing', 'slots'),
  rateColumn('Outlier sheets', 'outliers', 'usableSheets'),
  rateColumn('Dissents', 'dissents', 'usableSheets'),
  {
    key: 'time', label: 'Median answer time', numeric: true, value: (a) => a.medianMs,
    cell: (a) => known(a.medianMs, duration(a.medianMs)),
  },
];

/** A table of what agentRates() counts. */
export function agentTable() {
  return new Table({
    caption: 'Agents over the latest rounds', hideCaption: true, columns: COLUMNS,
    rowKey: (a) => a.agent,
  });
}
