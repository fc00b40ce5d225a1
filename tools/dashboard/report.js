// What the parts of a round's page ask of a proof that was read: order, outliers, dissent, and who
// is missing.

/** The same report, with a slot for each member of a panel that the agreed sets are without. */
export function withMissing(report) {
  const complete = (slots, panel, ran) => (!ran
      ? []
      : panel.members.map((author) => slots.find((slot) => slot.author === author) ??
            { author, name: report.roster.nodes[author].name, usable: false, abstain: null }));
  const { answers, sheets } = report.panels;
  return {
    ...report,
    answers: complete(report.answers, answers, true),
    sheets: complete(report.sheets, sheets, report.verdict.outcome !== 'too_few_answers'),
  };
}

export const answerBy = (report, author) =>
  report.answers.find((answer) => answer.author === author);

/** The usable answers, best first: [{answer, rank, score in micro-points}]. */
export function rankedAnswers(report) {
  return (report.aggregate?.ranking ?? []).map((author, place) => ({
    answer: answerBy(report, author),
    rank: place + 1,
    score: report.aggregate.shownScores[author]
  }));
}

export function medianDistance(report) {
  const sorted = report.sheets.filter(({ usable }) => usable)
                   .map(({ distance }) => distance)
                   .sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  return sorted[sorted.length >> 1];
}

/** Further than 1 point and than 3 times the median distance: the gateway's rule as well. */
export function isOutlier(report, sheet) {
  if (!sheet.usable || !report.aggregate) return false;
  return sheet.distance > 1_000_000 && sheet.distance > 3 * medianDistance(report);
}

/** The judges whose own sheet puts another answer above the winner: [{sheet, prefers: [names]}]. */
export function dissenters(report) {
  if (!report.aggregate) return [];
  const winner = rankedAnswers(report)[0].answer;
  const usable = report.answers.filter((answer) => answer.usable);
  const total = (sheet, answer) => sheet.scores[answer.author].reduce((sum, one) => sum + one, 0);
  return report.sheets.filter(({ usable: scored }) => scored)
    .map((sheet) => {
      const best = Math.max(...usable.map((answer) => total(sheet, answer)));
      const prefers = usable.filter((answer) => total(sheet, answer) === best);
      return { sheet, prefers: prefers.includes(winner) ? [] : prefers.map(({ name }) => name) };
    })
    .filter(({ prefers }) => prefers.length > 0);
}

/** What ties a judge to an answer's author, so that the rule may leave its mark out: or null. */
export function tie(report, answer, sheet) {
  if (answer.author === sheet.author) return 'own';
  const { nodes, dropSameOwner, dropSameFamily } = report.roster;
  const [author, judge] = [nodes[answer.author], nodes[sheet.author]];
  if (dropSameOwner && author.owner !== '' && author.owner === judge.owner) return 'same owner';
  if (dropSameFamily && author.modelFamily !== '' && author.modelFamily === judge.modelFamily)
    return 'same family';
  return null;
}
