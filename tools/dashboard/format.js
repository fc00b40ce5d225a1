// Numbers and times in words. What is not known is said to be unknown: never zero, never empty.

import { h } from './dom.js';

export const UNKNOWN = 'unknown';
const known = (value) => value !== null && value !== undefined;

export const count = (value) => (known(value) ? Number(value).toLocaleString('en') : UNKNOWN);

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${Number(n) === 1 ? one : many}`;

export const points = (value, digits = 2) =>
  (known(value) ? Number(value).toFixed(digits) : UNKNOWN);

export const microPoints = (micro, digits = 2) =>
  (known(micro) ? points(Number(micro) / 1e6, digits) : UNKNOWN);

export function money(usd) {
  if (!known(usd)) return UNKNOWN;
  const digits = usd !== 0 && Math.abs(usd) < 1 ? 6 : 2;
  return `$${
    Number(usd).toLocaleString(
      'en', { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
}

export function duration(ms) {
  if (!known(ms)) return UNKNOWN;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const parts = (big, bigName, small, smallName) =>
    (small === 0 ? `${big} ${bigName}` : `${big} ${bigName} ${small} ${smallName}`);
  const [seconds, minutes, hours] = [
    Math.round(ms / 1000), Math.floor(Math.round(ms / 1000) / 60),
    Math.floor(Math.round(ms / 1000) / 3600)
  ];
  if (minutes < 60) return parts(minutes, 'min', seconds % 60, 's');
  if (hours < 24) return parts(hours, 'h', minutes % 60, 'min');
  return parts(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

export function bytes(n) {
  if (!known(n)) return UNKNOWN;
  if (n < 1024) return `${n} B`;
  for (const [unit, size] of [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]]) {
    if (n >= size) return `${(n / size).toFixed(1)} ${unit}`;
  }
  return UNKNOWN;
}

export const percent = (part, whole) =>
  (whole > 0 ? `${Math.round((100 * part) / whole)} %` : UNKNOWN);

export const shortId = (id) => `${id.slice(0, 10)}…`;

/** An id or key: all of it for who copies or hovers, and it breaks where there is no room. */
export const code = (text) => h('code', { class: 'id' }, text);

const DATE_TIME = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const SHORT_TIME =
  new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const SHORT_DATE = new Intl.DateTimeFormat(
  'en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

/** A moment of the last day as its time, an earlier one with its date; the whole on hovering. */
export function moment(unixMs) {
  if (!known(unixMs) || unixMs === 0) return h('span', { class: 'faint' }, UNKNOWN);
  const date = new Date(unixMs);
  const today = Math.abs(Date.now() - unixMs) < 20 * 3_600_000;
  return h('time', { datetime: date.toISOString(), title: DATE_TIME.format(date) },
    (today ? SHORT_TIME : SHORT_DATE).format(date));
}

export function fullMoment(unixMs) {
  if (!known(unixMs) || unixMs === 0) return h('span', { class: 'faint' }, UNKNOWN);
  const date = new Date(unixMs);
  return h('time', { datetime: date.toISOString() }, DATE_TIME.format(date));
}

/** The local calendar day, as 2025-01-31. */
export function day(unixMs) {
  const date = new Date(unixMs);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
}

const STATUS = {
  running: ['◔', 'running'],
  decided: ['✓', 'decided'],
  failed: ['✕', 'failed'],
  undecided: ['–', 'undecided'],
};

export function statusBadge(status) {
  const [sign, word] = STATUS[status] ?? ['?', String(status)];
  return h('span', { class: `badge status-${STATUS[status] ? status : 'unknown'}` },
    h('span', { 'aria-hidden': 'true' }, sign), ' ', word);
}

export const CLOSED = {
  all_arrived: 'all arrived',
  soft: 'enough at the soft deadline',
  absent: 'enough, and the missing nodes were away',
  hard: 'the hard deadline passed',
};

const FAILED = 'its model failed', TIMED_OUT = 'its model timed out';
const UNUSABLE = 'its model\'s reply was unusable',
      OVER_BUDGET = 'over its own limit of model calls';
const NO_MODEL = 'no model configured for this', STOPPING = 'it was shutting down';

// By the gateway's names and by the verifier's.
const REASONS = new Map([
  ['failed', FAILED],
  ['model failed', FAILED],
  ['timed_out', TIMED_OUT],
  ['model timed out', TIMED_OUT],
  ['unusable', UNUSABLE],
  ['reply unusable', UNUSABLE],
  ['over_budget', OVER_BUDGET],
  ['over its budget', OVER_BUDGET],
  ['not_configured', NO_MODEL],
  ['no model configured', NO_MODEL],
  ['shutting_down', STOPPING],
  ['shutting down', STOPPING],
  ['not_certified_in_time', 'nothing came before the phase closed'],
]);

export const reasonInWords = (reason) =>
  REASONS.get(reason) ?? String(reason ?? 'no reason given').replaceAll('_', ' ');

/** What it would take to change the winner: the same words as decentctl's. */
export function flipMarginInWords(margin, sheets, mayLie) {
  if (!known(margin)) return UNKNOWN;
  const all = plural(sheets, 'counted score sheet');
  if (margin > sheets) {
    return `No rewriting of the ${all} would change the winner: it has no rival that could win.`;
  }
  const start = `${margin} of ${all} would have to be rewritten to change the winner`;
  if (margin === 0) {
    return 'No sheet would have to be rewritten: the winner and a rival are equal, and the lot ' +
      'decided between them.';
  }
  if (!known(mayLie)) return `${start}.`;
  if (margin > mayLie) return `${start}: more than the ${mayLie} that may lie.`;
  return `${start}, no more than the ${mayLie} that may lie: a close call. ` +
    (margin === 1 ? 'One judge alone could have turned it.'
                  : 'The judges that may lie could have turned it.');
}
