// The list of rounds: live, searched and filtered over what is loaded, older ones on demand.

import { getOnce, listRounds, poll } from './api.js';
import {
  announce, errorNotice, field, fill, h, notice, select, visible, words,
} from './dom.js';
import { code, duration, moment, plural, points, statusBadge } from './format.js';
import { RoundList } from './round_list.js';
import { Table } from './table.js';

const PAGE = 50, PAUSE_MS = 2000;
const STATUSES = [
  ['', 'all'], ['running', 'running'], ['decided', 'decided'], ['failed', 'failed'],
  ['undecided', 'undecided']
];

// Outlives the page, so that who comes back finds what was typed.
const typed = { search: '', status: '' };

const COLUMNS = [
  { key: 'question', label: 'Question', rowHeader: true, cell: questionCell },
  { key: 'status', label: 'State', value: (r) => r.status, cell: (r) => statusBadge(r.status) },
  { key: 'winner', label: 'Winner', value: (r) => r.result?.winner, cell: winnerCell },
  {
    key: 'score',
    label: 'Score',
    numeric: true,
    value: (r) => r.result?.robust_score,
    cell: (r) => certified(r, points(r.result?.robust_score))
  },
  {
    key: 'margin',
    label: 'Flip margin',
    numeric: true,
    value: (r) => r.result?.flip_margin,
    cell: marginCell
  },
  {
    key: 'took',
    label: 'Took',
    numeric: true,
    value: took,
    cell: (r) => (took(r) === null ? dash('still running') : duration(took(r)))
  },
  {
    key: 'started',
    label: 'Started',
    numeric: true,
    value: (r) => r.started_unix_ms,
    cell: (r) => moment(r.started_unix_ms)
  },
];

function took(round) {
  return round.finished_unix_ms ? Math.max(0, round.finished_unix_ms - round.started_unix_ms)
                                : null;
}

const dash = (why) => [h('span', { 'aria-hidden': 'true', class: 'faint' }, '–'),
  h('span', { class: 'visually-hidden' }, why)];

const certified = (round, text) => (round.result?.winner ? text : dash('none'));

function questionCell(round) {
  return [
    h('a', { class: 'question', href: `#/rounds/${round.id}`, dir: 'auto' },
      round.question.trim() === '' ? '(an empty question)' : visible(round.question)),
    round.status === 'running' && round.waiting_for
      ? h('p', { class: 'hint' }, 'waits for ', words(round.waiting_for))
      : null,
  ];
}

function winnerCell(round) {
  return round.result?.winner ? words(round.result.winner) : dash('none');
}

function marginCell(round) {
  const margin = round.result?.flip_margin;
  if (margin === null || margin === undefined) return dash('none');
  const sheets = round.result.sheets.received;
  return h('span', { title: 'score sheets that would have to be rewritten to change the winner' },
    margin > sheets ? 'none would do' : `${margin} of ${sheets}`);
}

export async function render(main, { signal }) {
  const list = new RoundList(PAGE);
  const table = new Table({
    caption: 'Rounds, newest first unless sorted otherwise',
    hideCaption: true,
    columns: COLUMNS,
    rowKey: (round) => round.id,
    sort: { key: 'started', descending: true },
  });
  const search = h('input', {
    type: 'search',
    value: typed.search,
    placeholder: 'question, winner or id',
    autocomplete: 'off'
  });
  search.addEventListener('input', () => {
    typed.search = search.value;
    draw();
  });
  const status = select(STATUSES, typed.status, (value) => {
    typed.status = value;
    draw();
  });
  const covered = h('p', { class: 'hint', role: 'status' }, 'Loading the rounds…');
  const problem = h('div', {});
  const older = h(
    'button', { type: 'button', hidden: true, onclick: () => loadOlder() }, 'Load older rounds');
  const empty = h('div', { hidden: true });

  fill(main,
    h('div', { class: 'title-row' }, h('h1', {}, 'Rounds'),
      h('a', { class: 'button primary', href: '#/ask' }, 'Ask a question')),
    h('form', { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
      field('Search', search), field('State', status),
      h('p', { class: 'hint shortcut' }, 'Press ', h('kbd', {}, '/'), ' to search')),
    problem, covered, table.element, empty, older,
    h('p', { class: 'hint' },
      'As this node tells it. A round\'s page has the proof, and checks it.'));

  function matches(round) {
    if (typed.status && round.status !== typed.status) return false;
    const wanted = typed.search.trim().toLowerCase();
    return wanted === '' || [round.question, round.result?.winner ?? '',
      round.id].some((text) => text.toLowerCase().includes(wanted));
  }

  function draw() {
    const found = list.rounds.filter(matches);
    table.update(found);
    table.element.hidden = found.length === 0;
    older.hidden = !list.hasMore;
    const reach = list.hasMore ? 'the latest ' : 'all ';
    covered.textContent = !list.loaded ? 'Loading the rounds…'
      : found.length === list.rounds.length
      ? `${reach === 'all ' ? 'All' : 'The latest'} ${plural(list.rounds.length, 'round')}.`
      : `${found.length} of ${reach}${plural(list.rounds.length, 'round')} searched.`;
    drawEmpty(found.length);
  }

  function drawEmpty(found) {
    const kind = !list.loaded || found > 0 ? '' : list.rounds.length > 0 ? 'no match' : 'none';
    if (empty.dataset.kind === kind) return;
    empty.dataset.kind = kind;
    empty.hidden = kind === '';
    fill(empty, kind === 'none' ? nothingYet() : kind === 'no match' ? noMatch() : null);
  }

  function merge(page) {
    const { fresh, changed } = list.merge(page);
    if (fresh > 0) announce(`${plural(fresh, 'new round')}.`);
    for (const round of changed)
      announce(`A round is ${round.status}: ${round.question.slice(0, 80)}`);
  }

  async function loadOlder() {
    older.disabled = true;
    older.textContent = 'Loading…';
    try {
      const count = await list.addOlder(
        (after) => listRounds({ limit: PAGE, after, expand: 'result', signal }));
      announce(`${plural(count, 'older round')} loaded.`);
      fill(problem);
    } catch (error) {
      if (!signal.aborted) fill(problem, errorNotice(error, loadOlder));
    }
    older.disabled = false;
    older.textContent = 'Load older rounds';
    draw();
  }

  let failed = false;
  await poll(async () => {
    try {
      merge(await listRounds({ limit: PAGE, expand: 'result', ask: getOnce, signal }));
      if (failed) fill(problem);
      failed = false;
    } catch (error) {
      if (signal.aborted) throw error;
      // Said once: a repeated alert would be read out every two seconds.
      if (!failed) fill(problem, errorNotice(error, null));
      failed = true;
    }
    draw();
  }, PAUSE_MS, signal);
}

function nothingYet() {
  return notice('', h('p', {}, h('strong', {}, 'This node knows no round yet.')),
    h('p', {}, 'Ask here with ', h('a', { href: '#/ask' }, 'a form'), ', with ',
      code('decentctl ask "…"'), ', or with any OpenAI client at ', code(`${location.origin}/v1`),
      '.'));
}

function noMatch() {
  return notice('', h('p', {}, 'No loaded round matches. Search for other words, choose another ',
    'state, or load older rounds.'));
}
