// What a checked bundle says, as plain values for a page: numbers, text, lists. Digests are hex,
// scores micro-points of the mean criterion (20 points are 20,000,000), marks milli-points.
//
// Everything that is of a node names it by its index in the roster: `scores`, `shownScores` and
// `sheetDistance` are objects with an author's index as key, `ranking` lists authors, best first.
// `aggregate` and `input` are null unless the round is decided.
import { aggregate } from './aggregate.js';
import { fromHex, toHex } from './bytes.js';
import { PHASE_ANSWER, PHASE_SHEET, RULES } from './roster.js';
import { DECIDED, OUTCOMES, isZero } from './verdict.js';

const byAuthor = (items, values) =>
  Object.fromEntries(items.map(({ author }, i) => [author, values[i]]));

function rosterOf({ roster, clusterId }) {
  return {
    clusterId, epoch: roster.epoch, n: roster.n, f: roster.f, quorum: roster.quorum,
    rule: RULES[roster.rule], criteria: roster.criteria, deadlines: roster.deadlines,
    dropSameOwner: roster.dropSameOwner, dropSameFamily: roster.dropSameFamily,
    nodes: roster.nodes.map(({ index, name, key, worker, evaluator, owner, modelFamily }) => (
      { index, name, key: toHex(key), worker, evaluator, owner, modelFamily })),
  };
}

function queryOf({ query }) {
  return { ...query, clientKey: toHex(query.clientKey), nonce: toHex(query.nonce) };
}

function answerOf({ roster }, { author, digest, value: { answer, abstain } }) {
  return {
    author, name: roster.nodes[author].name, digest: toHex(digest), usable: Boolean(answer),
    text: answer?.text ?? null, model: answer?.model ?? null,
    finishReason: answer?.finishReason ?? null, usage: answer?.usage ?? {},
    abstain: abstain ?? null,
  };
}

function sheetOf(checked, { author, digest, value: { sheet, abstain } }) {
  const { roster, input, aggregate: result } = checked;
  const row = input.sheets.findIndex((one) => one.author === author);
  return {
    author, name: roster.nodes[author].name, digest: toHex(digest), usable: Boolean(sheet),
    scores: sheet ? Object.fromEntries(sheet.entries.map((e) => [e.author, e.scores])) : {},
    scorer: sheet?.scorer ?? null, usage: sheet?.usage ?? {}, abstain: abstain ?? null,
    distance: result && row >= 0 ? result.sheetDistance[row] : null,
  };
}

function decisionOf({ roster }, { author, value: { closedAnswers, closedSheets } }) {
  return { author, name: roster.nodes[author].name, closedAnswers, closedSheets };
}

function verdictOf({ verdict, input }) {
  const winner = input.answers.find(({ digest }) => toHex(digest) === toHex(verdict.winner));
  return {
    ...verdict, outcome: OUTCOMES[verdict.outcome], rule: RULES[verdict.rule],
    answers: toHex(verdict.answers), sheets: toHex(verdict.sheets),
    winner: isZero(verdict.winner) ? null : toHex(verdict.winner),
    winnerAuthor: winner ? winner.author : null,
    result: isZero(verdict.result) ? null : toHex(verdict.result),
  };
}

function aggregateOf(rule, input, result) {
  return {
    rule: RULES[rule],
    ranking: result.ranking.map((position) => input.answers[position].author),
    shownScores: byAuthor(input.answers, result.shownScores),
    flipMargin: result.flipMargin,
    sheetDistance: byAuthor(input.sheets, result.sheetDistance),
    digest: toHex(result.digest),
  };
}

// Of a checker (verify.js) that has run.
export function makeReport(checked) {
  const { roster, verdict, input, panels } = checked;
  const isDecided = verdict.outcome === DECIDED;
  const panel = ({ members, size, faulty, minimum, gate }) => (
    { members, size, faulty, minimum, gate });
  return {
    clusterId: checked.clusterId,
    authenticated: checked.authenticated,
    signaturesChecked: checked.signaturesChecked,
    roundId: toHex(checked.roundId),
    roster: rosterOf(checked),
    panels: { answers: panel(panels[PHASE_ANSWER]), sheets: panel(panels[PHASE_SHEET]) },
    query: queryOf(checked),
    answers: checked.answers.map((slot) => answerOf(checked, slot)),
    sheets: checked.sheets.map((slot) => sheetOf(checked, slot)),
    decisions: checked.decisions.map((decision) => decisionOf(checked, decision)),
    verdict: verdictOf(checked),
    criteria: roster.criteria,
    aggregate: isDecided ? aggregateOf(verdict.rule, input, checked.aggregate) : null,
    input: isDecided ? {
      answers: input.answers.map(({ author, digest }) => ({ author, digest: toHex(digest) })),
      sheets: input.sheets, sheetsDigest: toHex(input.sheetsDigest), faulty: input.faulty,
    } : null,
    checks: checked.checks,
  };
}

// What each of the rules makes of a report's sheets: [{rule, winner (author), ranking, shownScores,
// flipMargin}], in the order of their numbers; of a round that was not decided none. A page goes on
// living meanwhile, and is told by `onProgress({done, total})` before each.
export async function compareRules({ roster, input }, onProgress = () => {}) {
  if (input === null) return [];
  const exact = {
    ...input, sheetsDigest: fromHex(input.sheetsDigest),
    answers: input.answers.map(({ author, digest }) => ({ author, digest: fromHex(digest) })),
  };
  const compared = [];
  for (let rule = 1; rule < RULES.length; ++rule) {
    onProgress({ done: rule - 1, total: RULES.length - 1 });
    await new Promise((resolve) => { setTimeout(resolve); });
    const made = aggregateOf(rule, exact, await aggregate(roster, rule, exact));
    const { ranking, shownScores, flipMargin } = made;
    compared.push({ rule: made.rule, winner: ranking[0], ranking, shownScores, flipMargin });
  }
  return compared;
}
