// How each agent did over the latest rounds: counted from the rounds' own accounts, never guessed.

/** rounds: certified ones, with "decent". Returns [{agent, ...counts}], by name. */
export function agentRates(rounds) {
  const agents = new Map();
  for (const { decent } of rounds) {
    if (!decent) continue;
    const outvoted = new Set(decent.dissent?.agents ?? []);
    for (const one of decent.agents) {
      const sum = agents.get(one.agent) ?? fresh(one.agent);
      agents.set(one.agent, sum);
      countAnswer(sum, one.answer, decent.winner === one.agent);
      countSheet(sum, one.sheet, outvoted.has(one.agent));
    }
  }
  return [...agents.values()].map(finish).sort((a, b) => a.agent.localeCompare(b.agent));
}

const fresh = (agent) => ({
  agent,
  rounds: 0,
  answers: 0,
  usableAnswers: 0,
  wins: 0,
  sheets: 0,
  usableSheets: 0,
  outliers: 0,
  dissents: 0,
  abstained: 0,
  missing: 0,
  slots: 0,
  scores: [],
  times: [],
});

function countSlot(sum, part) {
  sum.slots += 1;
  if (part.status === 'abstained') sum.abstained += 1;
  if (part.status === 'missing') sum.missing += 1;
}

function countAnswer(sum, answer, won) {
  sum.rounds += 1;
  if (!answer) return;
  sum.answers += 1;
  countSlot(sum, answer);
  if (answer.status !== 'usable') return;
  sum.usableAnswers += 1;
  if (won) sum.wins += 1;
  if (answer.robust_score !== null) sum.scores.push(answer.robust_score);
  if (answer.elapsed_ms !== null) sum.times.push(answer.elapsed_ms);
}

function countSheet(sum, sheet, dissents) {
  if (!sheet) return;
  sum.sheets += 1;
  countSlot(sum, sheet);
  if (sheet.status !== 'usable') return;
  sum.usableSheets += 1;
  if (sheet.outlier) sum.outliers += 1;
  if (dissents) sum.dissents += 1;
}

function finish({ scores, times, ...sum }) {
  const middle = (all) =>
    (all.length === 0 ? null : [...all].sort((a, b) => a - b)[all.length >> 1]);
  return {
    ...sum,
    meanScore: scores.length === 0 ? null : scores.reduce((a, b) => a + b, 0) / scores.length,
    medianMs: middle(times),
  };
}
