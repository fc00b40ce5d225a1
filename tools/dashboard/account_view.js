// A round as the node tells it, for browsers in which its proof cannot be read.

import { h, notice, section, visible, words } from './dom.js';
import { flipMarginInWords, points, reasonInWords, UNKNOWN } from './format.js';
import { plainTable } from './table.js';

/** `why`: what keeps the browser from reading the proof. */
export function accountView(decent, why) {
  const winner = decent.winner === null ? 'none'
    : [h('strong', {}, words(decent.winner)), ` with ${points(decent.robust_score)} of 20`];
  const facts = [
    ['Winner', winner],
    ['Answers', `${decent.answers.received} of ${decent.answers.expected}`],
    ['Sheets', `${decent.sheets.received} of ${decent.sheets.expected}`],
  ];
  if (decent.flip_margin !== null) {
    facts.push(['Firmness', flipMarginInWords(decent.flip_margin, decent.sheets.received)]);
  }
  return [
    notice('warn',
      h('p', {}, h('strong', {}, 'The proof cannot be read in this browser. '), visible(why)),
      h('p', {}, 'What follows is this node\'s word for it, without the answers\' texts.')),
    section('Result', h('dl', { class: 'facts' },
      facts.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))),
    section('Agents', plainTable('What each agent brought',
      ['Agent', 'Rank', 'Robust score', 'Model', 'Answer', 'Sheet', 'Distance of the sheet'],
      decent.agents.map((agent) => ({ cells: cellsOf(agent) })))),
  ];
}

function cellsOf({ agent, answer, sheet }) {
  return [
    words(agent), answer?.rank ?? '–', points(answer?.robust_score),
    answer?.model ? words(answer.model) : UNKNOWN, state(answer), state(sheet),
    [points(sheet?.distance), sheet?.outlier ? h('span', { class: 'flag' }, '▲ outlier') : null],
  ];
}

function state(part) {
  if (!part) return 'not asked';
  return part.status === 'usable' ? 'given' : `${part.status}: ${reasonInWords(part.reason)}`;
}
