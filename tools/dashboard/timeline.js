// What happened in a round, when, and who is still waited for: a chart of one lane for each node,
// and the same as a list of words.

import { append, fill, h, words } from './dom.js';
import { CLOSED, duration } from './format.js';

const PHASE = {
  answer: 'answers',
  sheet: 'scores'
};

function describe(event, nameOf) {
  const who = event.node === undefined ? 'a node' : words(nameOf(event.node));
  const because = event.detail ? [': ', words(event.detail)] : [];
  switch (event.type) {
    case 'round.admitted':
      return ['the round runs'];
    case 'answer.received':
      return event.abstained ? [who, ' abstained from answering', because] : [who, ' answered'];
    case 'sheet.received':
      return event.abstained ? [who, ' abstained from scoring', because] : [who, ' scored'];
    case 'answer.certified':
      return ['a quorum holds the answer slot of ', who];
    case 'sheet.certified':
      return ['a quorum holds the score slot of ', who];
    case 'phase.started':
      return [`collecting ${PHASE[event.phase] ?? event.phase}`];
    case 'phase.closed':
      return [
        `${PHASE[event.phase] ?? event.phase} closed: ${CLOSED[event.closed] ?? event.closed}`
      ];
    case 'round.decided':
      return ['decided: the outcome is final'];
    case 'round.certified':
      return ['certified: the proof is complete'];
    case 'round.failed':
      return [
        'the council agreed that the round failed',
        event.detail ? [': ', words(event.detail.replaceAll('_', ' '))] : []
      ];
    case 'round.given_up':
      return ['given up undecided', event.detail ? [', without ', words(event.detail)] : []];
    default:
      return [event.type];
  }
}

const KIND = (event) => {
  if (event.abstained || event.type === 'round.failed' || event.type === 'round.given_up')
    return 'bad';
  if (event.type.endsWith('certified') && event.node !== undefined) return 'slot';
  return event.type.startsWith('round.') ? 'state'
    : event.type.startsWith('phase.')    ? 'phase'
                                         : 'node';
};

export class Timeline {
  /** members: [{index, name, answers, scores}], the nodes that a lane is drawn for. */
  constructor(members, nameOf) {
    this.members = members;
    this.nameOf = nameOf;
    this.events = [];
    this.lanes = h('div', { class: 'lanes', 'aria-hidden': 'true' });
    this.list = h(
      'ol', { class: 'events hide-slots', 'aria-label': 'Events of the round', tabindex: '0' });
    const toggle = h('input', { type: 'checkbox' });
    toggle.addEventListener(
      'change', () => this.list.classList.toggle('hide-slots', !toggle.checked));
    this.live = h('p', { class: 'hint' });
    this.element = h('div', { class: 'timeline' }, this.lanes, this.live, this.list,
      h('label', { class: 'check' }, toggle, ' Show the certificates of single slots as well'));
  }

  /** Of a round whose nodes were not known before: what is there is told with their names. */
  setMembers(members, nameOf) {
    this.members = members;
    this.nameOf = nameOf;
    fill(this.list, this.events.map((event) => this.line(event)));
    this.drawSoon();
  }

  add(event) {
    this.events.push(event);
    append(this.list, this.line(event));
    this.drawSoon();
  }

  line(event) {
    const since = event.ts - this.events[0].ts;
    return h('li', { class: `event ${KIND(event)}` }, h('span', { class: 'at' }, duration(since)),
      h('span', {}, describe(event, this.nameOf)));
  }

  state(state) {
    fill(this.live,
      state === 'broken' ? 'The stream of events broke; it is taken up again behind the last event.'
                         : '');
  }

  /** Replays come as hundreds of events at once: one drawing for all of them. */
  drawSoon() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  draw() {
    if (this.events.length === 0) return;
    const start = this.events[0].ts;
    const ended = ['round.certified', 'round.given_up'].includes(this.events.at(-1).type);
    const end = ended ? this.events.at(-1).ts : Math.max(this.events.at(-1).ts, Date.now());
    const span = Math.max(1, end - start);
    const at = (ts) => Math.min(100, Math.max(0, (100 * (ts - start)) / span));
    const first = (type, test) => this.events.find((e) => e.type === type && test(e));
    const rows = this.members.map((member) => {
      const track = h('div', { class: 'track' });
      for (const phase of ['answer', 'sheet']) {
        const begun = first('phase.started', (e) => e.phase === phase);
        if (!begun || !(phase === 'answer' ? member.answers : member.scores)) continue;
        const came = first(`${phase}.received`, (e) => e.node === member.index);
        const closed = first('phase.closed', (e) => e.phase === phase);
        const until = came?.ts ?? closed?.ts ?? end;
        const kind = came   ? (came.abstained ? 'abstained' : phase)
          : closed || ended ? 'missing'
                            : 'waiting';
        const bar = h('span', { class: `bar bar-${kind}` });
        bar.style.left = `${at(begun.ts)}%`;
        bar.style.width = `max(5px, ${at(until) - at(begun.ts)}%)`;
        track.append(bar);
      }
      for (const closed of this.events.filter((e) => e.type === 'phase.closed')) {
        const line = h('span', { class: 'gate-line' });
        line.style.left = `${at(closed.ts)}%`;
        track.append(line);
      }
      return h(
        'div', { class: 'lane' }, h('span', { class: 'lane-name' }, words(member.name)), track);
    });
    fill(this.lanes, rows,
      h('div', { class: 'lane scale' }, h('span'),
        h('div', { class: 'ticks' },
          [0, 0.25, 0.5, 0.75, 1].map((part) => h('span', {}, duration(part * span))))),
      h('div', { class: 'legend' },
        [
          ['answer', 'answer'], ['sheet', 'scores'], ['abstained', 'abstained'],
          ['waiting', 'waited for'], ['missing', 'never came']
        ].map(([kind, label]) =>
                h('span', {}, h('span', { class: `swatch bar bar-${kind}` }), label)),
        h('span', {}, h('span', { class: 'swatch gate-line' }), 'phase closed')));
  }
}
