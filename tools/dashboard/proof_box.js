// The part of a round's page that comes from its proof: fetched, read and shown, or why not.

import { accountView } from './account_view.js';
import { getBundle } from './api.js';
import { errorNotice, fill, h, notice } from './dom.js';
import { bytes as size, code } from './format.js';
import { loadParts } from './patience.js';

export async function loadProof(box, id, round, signal) {
  fill(box, h('p', { class: 'hint', role: 'status' },
    `Loading the proof (${size(round.bundle_bytes)})…`));
  try {
    const [bytes, { readBundle }, { bundleView }] = await Promise.all([
      getBundle(id, signal), loadParts(() => import('./proof/verify.js'), signal),
      loadParts(() => import('./bundle_view.js'), signal)
    ]);
    const report = await readBundle(bytes);
    fill(box, report.roundId === id
      ? bundleView(bytes, report, ['Timeline']) : ofAnotherRound(report.roundId));
  } catch (error) {
    if (signal.aborted) throw error;
    if (error.check === 'browser' && round.decent) {
      fill(box, accountView(round.decent, error.detail));
      return;
    }
    if (error.check === undefined) console.error(error);
    const again = error.again ?? (() => loadProof(box, id, round, signal));
    fill(box, errorNotice(inWords(error), again));
  }
}

function ofAnotherRound(roundId) {
  return notice('error',
    h('p', {}, h('strong', {}, 'The node sent the proof of another round, '), code(roundId), '.'),
    h('p', {}, 'Do not rely on it; look at this round on another node.'));
}

function inWords(error) {
  return error.check === undefined ? error : {
    message: `the proof that the node sent cannot be read: ${error.check}: ${error.detail}`,
    wayOut: 'Do not rely on this decision before another node\'s bundle of it was checked.',
  };
}
