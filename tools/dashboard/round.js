// One round: live while it runs, and from its proof once it is certified.

import { followEvents, get, getOnce, poll } from './api.js';
import {
  announce, errorNotice, fill, h, longText, notice, section, visible, words,
} from './dom.js';
import {
  bytes as size, code, duration, fullMoment, plural, reasonInWords, shortId, statusBadge,
} from './format.js';
import { loadProof } from './proof_box.js';
import { Timeline } from './timeline.js';

const PAUSE_MS = 2000;
// A longer proof is loaded when it is asked for: a phone should not fetch it unawares.
const LOAD_AT_ONCE = 16 * 2 ** 20;

export async function render(main, { signal, parts: [id] }) {
  const head = h('div', { class: 'round-head' }, h('p', { class: 'hint' }, 'Loading the round…'));
  const facts = h('div', {});
  const timelineBox = h('div', {});
  const proofBox = h('div', { class: 'proof' });
  const evidenceBox = h('div', {});
  fill(main, h('p', { class: 'crumbs' }, h('a', { href: '#/rounds' }, 'Rounds')),
    h('h1', {}, `Round ${shortId(id)}`), head, facts, proofBox, evidenceBox, timelineBox);

  let round = await get(`/v1/rounds/${id}`, signal);
  const show = () => {
    fill(head, roundHead(round));
    fill(facts, runningFacts(round));
  };
  show();
  let nameOf = await namesOf(round, signal);
  const showEvidence = () => fill(evidenceBox, evidence(round.evidence ?? [], nameOf));
  showEvidence();

  const timeline = new Timeline(nameOf.members, nameOf);
  fill(timelineBox, section('Timeline', timeline.element));
  let ended = round.status !== 'running';
  let proofShown = false;

  const loadAsked = () => {
    proofShown = false;
    showProof(true);
  };
  const showProof = async (asked = false) => {
    if (proofShown || !round.bundle_bytes) return;
    proofShown = true;
    if (!asked && round.bundle_bytes > LOAD_AT_ONCE) {
      fill(proofBox,
        h('button', { type: 'button', onclick: loadAsked },
          `Load the proof (${size(round.bundle_bytes)})`));
      return;
    }
    await loadProof(proofBox, id, round, signal);
  };

  const refresh = async () => {
    const before = round.status;
    const now = await getOnce(`/v1/rounds/${id}`, signal);
    if (JSON.stringify(now) !== JSON.stringify(round)) {
      round = now;
      show();
      if (round.decent) {
        nameOf = await namesOf(round, signal);
        timeline.setMembers(nameOf.members, nameOf);
      }
      showEvidence();
    }
    if (round.status !== before) announce(`The round is ${round.status}.`);
    await showProof();
  };

  const following = followEvents(id, (event) => {
    timeline.add(event);
    if (event.type === 'phase.started' && round.status === 'running') {
      announce(event.phase === 'sheet' ? 'Collecting scores.' : 'Collecting answers.');
    }
    if (event.type === 'round.certified' || event.type === 'round.given_up') ended = true;
  }, { signal, isOver: () => ended, onState: (state) => timeline.state(state) });
  following.catch((error) => {
    if (!signal.aborted) fill(timelineBox, section('Timeline', eventsProblem(error)));
  });

  await showProof();
  await poll(async () => {
    if (ended && round.bundle_bytes) return false;
    if (ended && round.status === 'undecided') return false;
    try {
      await refresh();
    } catch (error) {
      if (signal.aborted) throw error;
      timeline.state('broken');
    }
    if (!ended) timeline.draw();
    return true;
  }, PAUSE_MS, signal);
}

function eventsProblem(error) {
  return error.status === 404 || error.status === 410
    ? h('p', { class: 'hint' }, 'This node has no events of the round: ', words(error.message),
        '. The proof above has all that was agreed.')
    : errorNotice(error, null);
}

const membersOf = (decent) =>
  decent.agents.map(({ agent, index, answer, sheet }) => (
                      { index, name: agent, answers: answer !== null, scores: sheet !== null }));

/** From an index to a name: of the round's own roster, or of the present one while it runs. */
async function namesOf(round, signal) {
  let members = round.decent ? membersOf(round.decent) : [];
  if (members.length === 0) {
    try {
      const roster = await getOnce('/v1/roster', signal);
      if (roster.cluster_id === round.cluster_id) {
        members = roster.nodes.map(({ index, name, worker, evaluator }) => ({
          index,
          name,
          answers: round.panel?.answer.includes(index) ?? worker,
          scores: round.panel?.sheet.includes(index) ?? evaluator
        }));
      }
    } catch (error) {
      if (signal.aborted) throw error;
      // Numbers instead of names then.
    }
  }
  const names = new Map(members.map(({ index, name }) => [index, name]));
  const nameOf = (index) => names.get(index) ?? `node ${index}`;
  nameOf.members = members.filter(({ answers, scores }) => answers || scores);
  return nameOf;
}

function roundHead(round) {
  return [
    h('div', { class: 'row' }, statusBadge(round.status),
      h('span', { class: 'hint' }, 'asked ', fullMoment(round.started_unix_ms),
        round.finished_unix_ms
          ? `, took ${duration(round.finished_unix_ms - round.started_unix_ms)}`
          : null)),
    round.decent ? null : h('div', { class: 'lead' }, longText(round.question, 'Question')),
    h('p', { class: 'hint' }, 'id ', code(round.id)),
  ];
}

function runningFacts(round) {
  if (round.status === 'running') {
    return notice('live',
      h('p', {}, h('strong', {}, 'Running. '),
        round.waiting_for ? ['Waits for ', words(round.waiting_for), '. '] : null,
        `${plural(round.answers, 'answer')} and ${plural(round.sheets, 'score sheet')} so far.`));
  }
  if (round.status === 'undecided') {
    return notice('warn',
      h('p', {}, h('strong', {}, 'Given up undecided. '),
        'This node waited for the round until its time was over and no quorum decided it',
        round.waiting_for ? ['; it lacked ', words(round.waiting_for)] : null, '.'),
      h('p', {}, 'It proves nothing either way. Ask again; the nodes page shows who was away.'));
  }
  return round.status === 'failed' ? failure(round) : null;
}

const FAILED = {
  too_few_answers: ['too few answers', 'answers'],
  too_few_sheets: ['too few score sheets', 'sheets'],
};

function failure(round) {
  const [what, kind] = FAILED[round.outcome] ?? [String(round.outcome ?? 'a failure'), 'answers'];
  const got = round.decent?.[kind];
  const lacking = round.decent?.missing_agents ?? [];
  return notice('error',
    h('p', {}, h('strong', {}, `The council agreed that this round failed: ${what}. `),
      got ? `${got.received} of ${got.expected} came.` : null),
    lacking.length === 0
      ? null
      : h('ul', {},
          lacking.map(({ agent, missing, reason }) => h('li', {}, words(agent),
                        ` gave no ${missing === 'sheet' ? 'score sheet' : missing}`,
                        reason ? [': ', words(reasonInWords(reason))] : null))),
    h('p', {},
      'Look at the models of these nodes, then ask again: the same question is a new round.'));
}

function evidence(all, nameOf) {
  if (all.length === 0) return null;
  return section('Evidence',
    h('p', {}, 'Two statements signed by one node that no honest node signs both. ',
      'Anyone with the roster can check them: ', code('decentctl evidence export'), ', then ',
      code('decentctl evidence verify'), '.'),
    h('ul', {},
      all.map((one) => h('li', {},
        // The node has names of its present roster alone.
        'against ', h('strong', {}, words(one.author ?? nameOf(one.author_index))), ': ',
        visible(String(one.kind).replaceAll('_', ' ')), ', ', fullMoment(one.unix_ms), ' ',
        code(one.id)))));
}
