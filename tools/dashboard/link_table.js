// The nodes of the roster and this node's links to them.

import { h, words } from './dom.js';
import { bytes, count, moment, plural, points, UNKNOWN } from './format.js';
import { Table } from './table.js';

const faint = (text) => h('span', { class: 'faint' }, text);
const isKnown = (value) => value !== null && value !== undefined;
const orUnknown = (value, content) => (isKnown(value) ? content : faint(UNKNOWN));
const orNotStated = (text) => (text ? words(text) : faint('not stated'));

const COLUMNS = [
  {
    key: 'name', label: 'Node', rowHeader: true, value: (n) => n.name,
    cell: (n) => [words(n.name), n.self ? h('span', { class: 'badge after' }, 'this node') : null],
  },
  { key: 'up', label: 'State', value: (n) => (n.up ? 'up' : 'down'), cell: stateCell },
  { key: 'roles', label: 'Roles', cell: rolesCell },
  { key: 'owner', label: 'Owner', value: (n) => n.owner, cell: (n) => orNotStated(n.owner) },
  {
    key: 'family', label: 'Model family', value: (n) => n.model_family,
    cell: (n) => orNotStated(n.model_family),
  },
  {
    key: 'version', label: 'Version', value: (n) => n.version,
    cell: (n) => orUnknown(n.version, words(n.version)),
  },
  {
    key: 'rtt', label: 'Round trip', numeric: true, value: (n) => n.round_trip_ms,
    cell: (n) => ofLink(n, orUnknown(n.round_trip_ms, `${points(n.round_trip_ms, 1)} ms`)),
  },
  {
    key: 'clock', label: 'Clock offset', numeric: true, value: (n) => n.clock_offset_ms,
    cell: (n) => ofLink(n, clockCell(n.clock_offset_ms)),
  },
  {
    key: 'traffic', label: 'Sent, received', numeric: true, value: (n) => n.bytes_sent,
    cell: (n) => ofLink(n, [n.bytes_sent, n.bytes_received].map((one) =>
      h('div', { class: 'nowrap' }, bytes(one)))),
  },
  {
    key: 'faults', label: 'Faults', numeric: true, value: (n) => total(n.faults), cell: faultsCell,
  },
];

/** A table of what /v1/nodes lists. */
export function linkTable() {
  return new Table({
    caption: 'Nodes of the roster', hideCaption: true, columns: COLUMNS, rowKey: (n) => n.name,
  });
}

// A node has no link to itself.
const ofLink = (node, content) => (node.self ? '–' : content);

function rolesCell(node) {
  return [node.worker ? 'answers' : null, node.evaluator ? 'scores' : null]
    .filter(Boolean).join(', ');
}

const total = (faults) => Object.values(faults ?? {}).reduce((a, b) => a + b, 0);

function stateCell(node) {
  return [
    h('span', { class: `badge status-${node.up ? 'decided' : 'failed'}` },
      h('span', { 'aria-hidden': 'true' }, node.up ? '▲' : '▼'), node.up ? ' up' : ' down'),
    node.up || !node.detail ? null : h('p', { class: 'hint' }, words(node.detail)),
    node.up || !node.last_seen_unix_ms
      ? null
      : h('p', { class: 'hint' }, 'last seen ', moment(node.last_seen_unix_ms)),
  ];
}

function clockCell(off) {
  const wrong = isKnown(off) && Math.abs(off) > 60_000;
  return orUnknown(off, [
    `${off > 0 ? '+' : ''}${points(off, 1)} ms`,
    wrong ? h('span', { class: 'flag' }, '▲ its clock or ours is wrong') : null,
  ]);
}

function faultsCell(node) {
  const all = Object.entries(node.faults ?? {}).filter(([, times]) => times > 0);
  const dropped = node.frames_dropped > 0
    ? h('div', { class: 'hint' }, `${plural(node.frames_dropped, 'frame')} dropped`)
    : null;
  if (all.length === 0) return ['none', dropped];
  return [
    h('span', { class: 'flag' },
      all.map(([kind, times], i) => [
        i > 0 ? ', ' : '', '▲ ', words(kind.replaceAll('_', ' ')), ` ${count(times)}`,
      ])),
    dropped,
  ];
}
