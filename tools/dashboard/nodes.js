// The nodes as this one sees them, itself, its roster, and how each agent did lately.

import { agentRates } from './agent_rates.js';
import { agentTable } from './agent_table.js';
import { getOnce, listRounds, poll } from './api.js';
import { announce, errorNotice, field, fill, h, section, select } from './dom.js';
import { plural } from './format.js';
import { linkTable } from './link_table.js';
import { rosterSection, selfSection } from './node_sections.js';

const PAUSE_MS = 5000;
const COUNTING = 'Counting…';
let chosen = '50';

export async function render(main, { signal }) {
  const parts =
    Object.fromEntries(['problem', 'self', 'roster'].map((name) => [name, h('div', {})]));
  const nodes = linkTable();
  const agents = agentTable();
  const covered = h('p', { class: 'hint', role: 'status' }, COUNTING);
  const chooser = select([['20', '20'], ['50', '50'], ['100', '100']], chosen, (value) => {
    chosen = value;
    covered.textContent = COUNTING;
    countAgents().catch(fail);
  });
  fill(main, h('h1', {}, 'Nodes'), parts.problem, parts.self,
    section('Links',
      h('p', { class: 'hint' },
        'As this node sees them. A link that is down may be up elsewhere.'),
      nodes.element),
    section('Agents', h('div', { class: 'filters' }, field('Over the latest rounds', chooser)),
      covered, agents.element),
    parts.roster);

  let failing = false;
  // Said once: a repeated alert would be read out every five seconds.
  const fail = (error) => {
    if (signal.aborted) return;
    if (!failing) fill(parts.problem, errorNotice(error, null));
    failing = true;
  };

  // What the node has stored, by the latest look and when the agents were counted: a round that
  // ends changes it, if only the bytes where retention discards as many.
  let stored = null, counted = null;
  let counting = new AbortController();
  signal.addEventListener('abort', () => counting.abort(), { once: true });

  async function countAgents() {
    counting.abort();
    const mine = counting = new AbortController();
    const seen = stored;
    try {
      const page = await listRounds({ limit: Number(chosen), ask: getOnce, signal: mine.signal });
      if (mine !== counting) return;
      showAgents(page);
      counted = seen;
    } catch (error) {
      if (mine !== counting) return;
      counted = null;
      throw error;
    }
  }

  function showAgents(page) {
    const certified = page.data.filter(({ decent }) => decent);
    agents.update(agentRates(certified));
    agents.element.hidden = certified.length === 0;
    covered.textContent = certified.length === 0
      ? 'No certified round yet: rates are unknown.'
      : `Counted from ${plural(certified.length, 'certified round')} of the latest ` +
        `${page.data.length}. Rates of abstentions and missing ones are of answers and sheets ` +
        'together.';
  }

  let before = null;
  await poll(async () => {
    try {
      const [list, roster] =
        await Promise.all([getOnce('/v1/nodes', signal), getOnce('/v1/roster', signal)]);
      nodes.update(list.data);
      const up = list.data.filter((node) => node.up).map(({ name }) => name).join(', ');
      if (before !== null && before !== up) announce(`Up now: ${up}.`);
      before = up;
      replace(parts.self, list.node, () => selfSection(list.node));
      replace(parts.roster, roster, () => rosterSection(roster));
      stored = `${list.node.rounds_stored} ${list.node.store_bytes}`;
      if (counted !== stored) await countAgents();
      if (failing) fill(parts.problem);
      failing = false;
    } catch (error) {
      fail(error);
    }
  }, PAUSE_MS, signal);
}

/** Drawn anew only when the data changed, so that nobody loses a selection or an open detail. */
function replace(box, data, draw) {
  const text = JSON.stringify(data);
  if (box.dataset.shown === text) return;
  box.dataset.shown = text;
  fill(box, draw());
}
