// What the council spent: the list of rounds is paged through until the days asked for are covered.

import { listRounds } from './api.js';
import { announce, errorNotice, field, fill, h, section, select, words } from './dom.js';
import { count, money, plural } from './format.js';
import { spending, toCsv } from './spending.js';
import { Table } from './table.js';

const DAY_MS = 86_400_000, PAGE = 100;
const MOST_ROUNDS = 5000;
let chosen = '7';

function tokens(sum, value) {
  if (!sum.tokensKnown) return h('span', { class: 'faint' }, 'unknown');
  return [
    count(value),
    sum.tokensUnknown > 0
      ? h('div', { class: 'hint' }, `and unknown in ${sum.tokensUnknown} of ${sum.rounds}`)
      : null
  ];
}

function cost(sum) {
  if (!sum.costKnown) return h('span', { class: 'faint' }, 'unknown');
  return [
    money(sum.cost),
    sum.costUnknown > 0
      ? h('div', { class: 'hint' }, `and unknown in ${sum.costUnknown} of ${sum.rounds}`)
      : null
  ];
}

const columns = (label, bar) =>
  [{ key: 'name', label, rowHeader: true, value: (s) => s.name, cell: (s) => words(s.name) },
    {
      key: 'rounds',
      label: 'Rounds',
      numeric: true,
      value: (s) => s.rounds,
      cell: (s) => count(s.rounds)
    },
    {
      key: 'prompt',
      label: 'Prompt tokens',
      numeric: true,
      value: (s) => (s.tokensKnown ? s.prompt : null),
      cell: (s) => tokens(s, s.prompt)
    },
    {
      key: 'completion',
      label: 'Completion tokens',
      numeric: true,
      value: (s) => (s.tokensKnown ? s.completion : null),
      cell: (s) => tokens(s, s.completion)
    },
    { key: 'bar', label: 'Tokens compared', cell: (s) => bar(s) },
    {
      key: 'cost',
      label: 'Cost',
      numeric: true,
      value: (s) => (s.costKnown ? s.cost : null),
      cell: cost
    },
];

function bar(part, most) {
  const known = part.tokensKnown && most > 0;
  if (!known) return h('span', { class: 'faint' }, 'unknown');
  const filled = h('span', { class: 'share-fill' });
  filled.style.width = `${(100 * (part.prompt + part.completion)) / most}%`;
  return h('span', {
    class: 'share',
    title: `${Math.round((100 * (part.prompt + part.completion)) / most)} % of the largest`
  },
    filled);
}

export async function render(main, { signal: leaving }) {
  let current = new AbortController();
  const progress = h('p', { class: 'hint', role: 'status' });
  const view = h('div', {});
  const chooser =
    select([['7', 'the last 7 days'], ['30', 'the last 30 days']], chosen, (value) => {
      chosen = value;
      load();
    });
  fill(main, h('h1', {}, 'Cost'),
    h('p', {},
      'Tokens and money as the nodes reported them in certified rounds. What a node did not ',
      'report is unknown, not nothing: “and unknown in 3 of 8” says that 3 of 8 rounds have a ',
      'part that nobody reported.'),
    h('div', { class: 'filters' }, field('Range', chooser)), progress, view);

  async function load() {
    current.abort();
    current = new AbortController();
    const { signal } = current;
    leaving.addEventListener('abort', () => current.abort(), { once: true });
    fill(view);
    const midnight = new Date().setHours(0, 0, 0, 0);
    const since = midnight - (Number(chosen) - 1) * DAY_MS;
    try {
      const found = await collect(since, signal, (n) => {
        progress.textContent = `Reading rounds: ${count(n)} so far…`;
      });
      draw(found);
    } catch (error) {
      if (signal.aborted) return;
      progress.textContent = '';
      fill(view, errorNotice(error, load));
    }
  }

  function draw({ rounds, complete, read }) {
    const sums = spending(rounds);
    const open = rounds.filter(({ decent }) => !decent).length;
    progress.textContent = [
      `${plural(rounds.length, 'round')} in the last ${chosen} days.`,
      open > 0
        ? `${plural(open, 'round')} of them without a certificate: what they cost is not counted.`
        : '',
      complete ? ''
               : `Only the latest ${
                   count(read)} rounds were read: older ones of this range are not counted.`,
    ].filter(Boolean).join(' ');
    announce('The costs are counted.');
    if (sums.total.rounds === 0) {
      fill(view,
        h('div', { class: 'notice' },
          h('p', {}, 'No certified round in this range. Choose a longer one, or ',
            h('a', { href: '#/ask' }, 'ask a question'), '.')));
      return;
    }
    fill(view, totals(sums.total, rounds.length - open),
      section('By agent', tableOf('Agent', sums.agents)),
      section('By day', tableOf('Day', sums.days)),
      h('p', {},
        h('button', { type: 'button', onclick: () => saveCsv(sums) }, 'Download as CSV')));
  }

  await load();
}

async function collect(since, signal, onProgress) {
  const rounds = [];
  let after = null, read = 0;
  for (;;) {
    const page = await listRounds({ limit: PAGE, after, signal });
    read += page.data.length;
    rounds.push(...page.data.filter((round) => round.started_unix_ms >= since));
    onProgress(rounds.length);
    // In the list's order the ends fall, not the starts: and first come those that have no end.
    const passed = page.data.some(({ finished_unix_ms: end }) => end !== null && end < since);
    if (!page.has_more || passed || page.data.length === 0)
      return { rounds, complete: true, read };
    if (read >= MOST_ROUNDS) return { rounds, complete: false, read };
    after = page.last_id;
  }
}

function totals(total, rounds) {
  const fact = (name, value) => h('div', { class: 'tile' }, h('dt', {}, name), h('dd', {}, value));
  return h('dl', { class: 'tiles' }, fact('Certified rounds', count(rounds)),
    fact('Prompt tokens', tokens(total, total.prompt)),
    fact('Completion tokens', tokens(total, total.completion)), fact('Cost', cost(total)));
}

function tableOf(label, sums) {
  const most = Math.max(...sums.map((sum) => sum.prompt + sum.completion));
  const table = new Table({
    caption: `Tokens and cost by ${label.toLowerCase()}`,
    hideCaption: true,
    columns: columns(label, (sum) => bar(sum, most)),
    rowKey: (sum) => sum.name,
    sort: { key: 'name', descending: label === 'Day' },
  });
  table.update(sums);
  return table.element;
}

function saveCsv(sums) {
  const url = URL.createObjectURL(new Blob([toCsv(sums)], { type: 'text/csv' }));
  h('a', { href: url, download: `decentd-cost-last-${chosen}-days.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
