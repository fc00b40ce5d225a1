// Tokens and money summed by agent and by day. A sum to which something unknown belongs says so.

import { day } from './format.js';

const fresh = (name) => ({
  name,
  rounds: 0,
  prompt: 0,
  completion: 0,
  cost: 0,
  tokensKnown: false,
  costKnown: false,
  tokensUnknown: 0,
  costUnknown: 0,  // rounds of which at least a part is unknown
});

/** Adds what agents used in one round. */
function add(sum, agents) {
  sum.rounds += 1;
  for (const agent of agents) {
    if (agent.prompt_tokens !== null && agent.completion_tokens !== null) {
      sum.prompt += agent.prompt_tokens;
      sum.completion += agent.completion_tokens;
      sum.tokensKnown = true;
    }
    if (agent.cost_usd !== null) {
      sum.cost += agent.cost_usd;
      sum.costKnown = true;
    }
  }
  if (agents.some((one) => one.prompt_tokens === null || one.completion_tokens === null))
    sum.tokensUnknown += 1;
  if (agents.some((one) => !one.cost_known)) sum.costUnknown += 1;
}

/**
 * rounds: with "decent". Returns {agents, days, cells, total}: sums with `name` the agent's or the
 * day's; cells are by both, with `day` and `agent`.
 */
export function spending(rounds) {
  const agents = new Map(), days = new Map(), cells = new Map();
  const total = fresh('total');
  const of = (map, key, name = key) => map.get(key) ?? map.set(key, fresh(name)).get(key);
  for (const round of rounds) {
    if (!round.decent) continue;
    const date = day(round.started_unix_ms);
    for (const sum of [of(days, date), total]) add(sum, round.decent.agents);
    for (const agent of round.decent.agents) {
      const cell = of(cells, `${date}/${agent.agent}`, agent.agent);
      Object.assign(cell, { day: date, agent: agent.agent });
      for (const sum of [of(agents, agent.agent), cell]) add(sum, [agent]);
    }
  }
  const byName = (a, b) => a.name.localeCompare(b.name);
  return {
    agents: [...agents.values()].sort(byName),
    days: [...days.values()].sort(byName),
    cells: [...cells.values()].sort((a, b) => a.day.localeCompare(b.day) || byName(a, b)),
    total,
  };
}

// A spreadsheet takes a text that begins like this for a formula.
const field = (value) => {
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && typeof value !== 'number' ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export function toCsv({ cells }) {
  const lines = [[
    'day', 'agent', 'rounds', 'prompt_tokens', 'completion_tokens', 'rounds_with_unknown_tokens',
    'cost_usd', 'rounds_with_unknown_cost'
  ]];
  for (const cell of cells) {
    lines.push([
      cell.day, cell.agent, cell.rounds, cell.tokensKnown ? cell.prompt : 'unknown',
      cell.tokensKnown ? cell.completion : 'unknown', cell.tokensUnknown,
      cell.costKnown ? Number(cell.cost.toFixed(6)) : 'unknown', cell.costUnknown
    ]);
  }
  return lines.map((line) => line.map(field).join(',')).join('\r\n') + '\r\n';
}
