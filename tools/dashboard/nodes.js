// The nodes as this one sees them, itself, its roster, and how each agent did lately.

import { agentRates } from './agent_rates.js';
import { agentTable } from './agent_table.js';
import { getOnce, listRounds, poll } from './api.js';
import { announce, errorNotice, field, fill, h, section, select } from './dom.js';
import { plural } from './format.js';
import { linkTable } from './link_table.js';
import { rosterSection, selfSection } from './node_sections.js';

const PAUSE_MS = 5000;
let chosen = '50';

export async function render(main, { signal }) {
  const parts =
    Object.fromEntries(['problem', 'self', 'roster'].map((name) => [name, h('div', {})]));
  const nodes = linkTable();
  const agents = agentTable();
  const covered = h('p', { class: 'hint', role: 'status' });
  const chooser = select([['20', '20'], ['50', '50'], ['100', '100']], chosen, (value) => {
    chosen = value;
    loadAgents();
  });
  fill(main, h('h1', {}, 'Nodes'), parts.problem, parts.self,
    section('Links',
      h('p', { class: 'hint' },
        'As this node sees them. A link that is down may be up elsewhere.'),
      nodes.element),
    section('Agents', h('div', { class: 'filters' }, field('Over the latest rounds', chooser)),
      covered, agents.element),
    parts.roster);

  async function loadAgents() {
    covered.textContent = 'Counting…';
    try {
      const page = await listRounds({ limit: Number(chosen), signal });
      const certified = page.data.filter(({ decent }) => decent);
      agents.update(agentRates(certified));
      agents.element.hidden = certified.length === 0;
      covered.textContent = certified.length === 0
        ? 'No certified round yet: rates are unknown.'
        : `Counted from ${plural(certified.length, 'certified round')} of the latest ` +
          `${page.data.length}. Rates of abstentions and missing ones are of answers and sheets ` +
          'together.';
    } catch (error) {
      if (signal.aborted) return;
      covered.textContent = '';
      fill(parts.problem, errorNotice(error, () => {
        fill(parts.problem);
        loadAgents();
      }));
    }
  }

  loadAgents();
  let failing = false;
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
      if (failing) fill(parts.problem);
      failing = false;
    } catch (error) {
      if (signal.aborted) throw error;
      if (!failing) fill(parts.problem, errorNotice(error, null));
      failing = true;
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
