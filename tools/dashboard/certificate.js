// Who signed a round's verdict, and what the proof is of.

import { h, words } from './dom.js';
import { CLOSED, code, count, plural } from './format.js';
import { plainTable } from './table.js';

const closedInWords = (closed) => CLOSED[closed] ?? String(closed);

export function certificate(report) {
  const { decisions, roster } = report;
  const rows = decisions.map((one) => ({
    cells: [
      words(one.name), closedInWords(one.closedAnswers),
      report.sheets.length === 0 ? 'did not run' : closedInWords(one.closedSheets),
    ],
  }));
  return [
    h('p', {}, `${plural(decisions.length, 'node')} of ${roster.n} signed this verdict; `,
      `a quorum is ${roster.quorum}.`),
    plainTable('Who signed the decision, and how each phase closed for it',
      ['Signed by', 'Answers closed', 'Sheets closed'], rows),
    h('dl', { class: 'facts' }, facts(report).map(([name, value]) =>
      [h('dt', {}, name), h('dd', {}, value)])),
  ];
}

function facts({ roundId, clusterId, roster, query, panels }) {
  const all = [
    ['Round', code(roundId)], ['Cluster', code(clusterId)],
    ['Roster', `${plural(roster.n, 'node')}, epoch ${count(roster.epoch)}`],
  ];
  if (query.committee > 0) {
    all.push(['Committee', `asked for ${query.committee}: ${panels.answers.size} answer and ` +
      `${panels.sheets.size} score, drawn by lot from the round's id`]);
  }
  return all;
}
