// What this node says of itself, and the roster that it serves.

import { h, notice, section, words } from './dom.js';
import { bytes, code, count, duration, fullMoment, plural } from './format.js';

const tiles = (pairs) => h('dl', { class: 'tiles' },
  pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
const facts = (pairs) => h('dl', { class: 'facts' },
  pairs.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));

export function selfSection(node) {
  const enough = node.reachable >= node.needed;
  return section('This node',
    node.voting ? null : notice('error',
      h('p', {}, h('strong', {}, 'It does not vote'),
        node.not_voting_because ? [': ', words(node.not_voting_because)] : null, '.'),
      h('p', {},
        'It still serves what it has. Its operator finds the way out in docs/OPERATIONS.md.')),
    enough ? null : notice('warn', h('p', {}, h('strong', {}, 'Too few nodes. '),
      `${node.reachable} of ${node.n} are reachable, ${node.needed} are needed: `,
      'rounds wait, and go on when nodes come back.')),
    tiles([
      ['Name', [words(node.name), h('span', { class: 'faint' }, ' ', words(node.version))]],
      ['Votes', node.voting ? 'yes' : 'no'],
      ['Reaches', [`${node.reachable} of ${node.n}`,
        h('span', { class: 'faint' },
          `, ${node.needed} needed, quorum ${node.quorum}, ${node.f} may lie`)]],
      ['Open rounds', count(node.rounds_open)],
      ['Stored rounds', [count(node.rounds_stored),
        h('span', { class: 'faint' }, `, ${bytes(node.store_bytes)}`)]],
      ['Evidence held', count(node.evidence)],
      ['Started', fullMoment(node.started_unix_ms)],
    ]));
}

const panel = ({ size, faulty, gate, minimum }) =>
  `${size} of the panel; ${faulty} may be faulty; waits for ${gate}, fails below ${minimum}`;

const deadlines = ({ soft_ms: soft, hard_ms: hard }) =>
  `${duration(soft)} soft, ${duration(hard)} hard`;

export function rosterSection(roster) {
  return section('Roster',
    facts([
      ['Cluster id', code(roster.cluster_id)],
      ['Epoch', count(roster.epoch)],
      ['Rule', roster.rule.replaceAll('_', ' ')],
      ['Criteria', roster.criteria.map((c) => c.replaceAll('_', ' ')).join(', ')],
      ['Nodes', `${roster.n}, of which ${roster.f} may lie; a quorum is ${roster.quorum}`],
      ['Answers', panel(roster.panels.answer)],
      ['Sheets', panel(roster.panels.sheet)],
      ['Deadlines', `answers ${deadlines(roster.answer)}; sheets ${deadlines(roster.sheet)}`],
    ]),
    h('details', {}, h('summary', {}, 'Keys and addresses'),
      facts(roster.nodes.map((node) => [words(node.name), [
        code(node.public_key), h('div', { class: 'hint' }, listed(node.addresses)),
      ]]))),
    roster.rosters.length < 2 ? null : [
      h('h3', {}, 'Rosters adopted here'),
      h('ul', { class: 'plain' }, roster.rosters.map((one) => h('li', {}, adopted(one)))),
    ]);
}

const listed = (names) => names.map((name, i) => [i > 0 ? ', ' : '', words(name)]);

function adopted(one) {
  return [
    h('strong', {}, `epoch ${one.epoch}, ${one.state}`), ' since ', fullMoment(one.since_unix_ms),
    `: reaches ${one.reached.length} of ${one.n}, quorum ${one.quorum}, `,
    plural(one.rounds_open, 'open round'),
    one.missing.length > 0 ? [', missing ', listed(one.missing)] : null, ' ', code(one.cluster_id),
  ];
}
