// The answers of a round, best first, and who gave none.

import { h, longText, visible, words } from './dom.js';
import { count, duration, microPoints, money, reasonInWords } from './format.js';
import { rankedAnswers } from './report.js';

export function answerList(report) {
  const ranked = rankedAnswers(report);
  const unranked = report.aggregate ? [] : report.answers.filter(({ usable }) => usable);
  const without = report.answers.filter(({ usable }) => !usable);
  return h('div', { class: 'answers' },
    ranked.map(({ answer, rank, score }) => card(answer, rank, score)),
    unranked.map((answer) => card(answer, null, null)),
    without.length > 0
      ? h('ul', { class: 'absent-list', 'aria-label': 'Nodes without an answer' },
          without.map((answer) => h('li', {}, absence(answer))))
      : null);
}

// What a node claims beyond these is not believed: the gateway's bounds, in decent_json.cc.
const MOST_TOKENS = 1e9, MOST_MICRO_USD = 1e12, MOST_MS = 1e12;
const upTo = (most, claim) => (claim === undefined || Number(claim) > most ? null : claim);

function used({ promptTokens, completionTokens, costMicroUsd, elapsedMs }) {
  const cost = upTo(MOST_MICRO_USD, costMicroUsd);
  const time = upTo(MOST_MS, elapsedMs);
  return [
    count(upTo(MOST_TOKENS, promptTokens)), ' + ', count(upTo(MOST_TOKENS, completionTokens)),
    ' tokens · cost ', money(cost === null ? null : cost / 1e6), ' · ',
    time === null ? 'time unknown' : duration(time),
  ];
}

function card(answer, rank, score) {
  return h('article', { class: rank === 1 ? 'answer winner' : 'answer' },
    h('header', {},
      h('h3', {}, rank === null ? null : h('span', { class: 'rank' }, `${rank}.`), ' ',
        words(answer.name),
        rank === 1 ? h('span', { class: 'badge status-decided after' }, 'winner') : null),
      rank === null ? null
                    : h('p', { class: 'score' }, microPoints(score),
                        h('span', { class: 'faint' }, ' of 20'))),
    longText(answer.text, `Answer of ${answer.name}`),
    h('p', { class: 'hint' }, 'model ', answer.model ? words(answer.model) : 'unknown', ' · ',
      used(answer.usage ?? {}),
      answer.finishReason && answer.finishReason !== 'stop'
        ? [' · finished by ', words(answer.finishReason)]
        : null));
}

/** Why a node has no answer or no sheet. */
export function absenceInShort(slot) {
  return [
    words(slot.name),
    slot.abstain ? ` abstained, ${reasonInWords(slot.abstain.reason)}`
                 : ' missing, nothing came before the phase closed'
  ];
}

/** The same with what the node said of it, as a block. */
export function absence(slot) {
  return [
    absenceInShort(slot),
    slot.abstain?.detail
      ? h('div', { class: 'untrusted small', dir: 'auto' }, visible(slot.abstain.detail))
      : null
  ];
}
