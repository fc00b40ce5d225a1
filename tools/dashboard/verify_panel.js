// Checking a proof in this browser, and whom it is checked against.

import { verifyBundle } from './proof/verify.js';
import { announce, field, fill, h, notice, visible } from './dom.js';
import { code, count } from './format.js';
import { trust, trustedClusters } from './trusted.js';

// In the verifier's order (SPEC, section 9): what stands before the one that failed did hold.
const CHECKS = {
  encoding: 'the bytes are a bundle, and no byte of it is free',
  roster: 'the roster is well-formed, and of a cluster you trust where you named one',
  query_signature: 'the question is signed by its client',
  proposals: 'every answer and sheet is signed by its author',
  certificates: 'a quorum vouches for each of them',
  decisions: 'a quorum signed this one verdict',
  answer_set: 'these are the answers that the verdict is about',
  sheet_set: 'these are the sheets that the verdict is about',
  sheets: 'each sheet scores exactly these answers',
  verdict: 'outcome, counts and rule follow from all that',
  aggregate: 'scores and winner computed again, equal bit for bit',
};

/**
 * `bytes`: the bundle; `report`: as it was read. Each check calls `on.start()`, then
 * `on.passed(report)` or `on.failed()`.
 */
export function verifyPanel(bytes, report, on) {
  const result = h('div', { class: 'verify-result', 'aria-live': 'polite' });
  const progress = h('progress', { 'aria-label': 'Checking the proof', hidden: true });
  const button = h('button', { type: 'button', class: 'primary' }, 'Verify in this browser');
  const stage = h('p', { class: 'hint' });
  button.addEventListener('click', async () => {
    button.disabled = true;
    progress.hidden = false;
    progress.removeAttribute('value');
    fill(result);
    on.start();
    try {
      const done = await verifyBundle(bytes, {
        trustedClusterId: clusterToTrust(report),
        onProgress: (told) => showProgress(progress, stage, told),
      });
      fill(result, passed(done));
      announce(done.authenticated ? 'The proof holds, under a cluster that you trust.'
                                  : 'The proof holds in itself.');
      on.passed(done);
    } catch (error) {
      fill(result, failed(error));
      announce('The proof does not hold, or could not be checked.');
      on.failed();
    }
    progress.hidden = true;
    stage.textContent = '';
    button.disabled = false;
  });
  return h('div', { class: 'verify' },
    h('p', {},
      'Signatures, quorums, scores and winner are computed again here from the bundle alone. ',
      'Only this page has to be trusted; ', code('decentctl verify'), ' needs not even that.'),
    trustForm(report), h('p', {}, button), progress, stage, result);
}

function clusterToTrust(report) {
  const trusted = trustedClusters();
  return trusted.includes(report.clusterId) ? report.clusterId : trusted[0] ?? null;
}

function showProgress(progress, stage, { done, total }) {
  progress.max = total;
  progress.value = done;
  stage.textContent = `${count(done)} of ${count(total)} signatures`;
}

function checkLine(sign, kind, name, detail) {
  return h('li', { class: kind }, h('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
    h('div', {}, h('strong', {}, name.replaceAll('_', ' ')),
      h('span', { class: 'visually-hidden' }, kind === 'ok' ? ' holds' : ' does not hold'),
      CHECKS[name] ? `: ${CHECKS[name]}` : null,
      detail ? h('div', { class: 'hint id' }, visible(detail)) : null));
}

function passed(report) {
  return [
    report.authenticated
      ? notice('ok',
          h('p', {}, h('strong', {}, '✓ Verified'),
            ' under a cluster that you trust: a quorum of it decided exactly this.'))
      : notice('warn',
          h('p', {}, h('strong', {}, '✓ Consistent in itself, not authenticated.'),
            ' A quorum of the roster inside this bundle decided this. But anyone can make up a ',
            'roster: name the cluster id that you trust above, and verify again.')),
    h('ol', { class: 'checks', 'aria-label': 'Checks' },
      report.checks.map(({ name, detail }) => checkLine('✓', 'ok', name, detail))),
  ];
}

function failed(error) {
  if (error.check === 'browser') {
    return notice(
      'error', h('p', {}, h('strong', {}, 'Nothing was checked: '), visible(error.detail)));
  }
  if (error.check === undefined) {
    console.error(error);
    return notice('error',
      h('p', {}, h('strong', {}, 'The check could not be finished: '), visible(error.message)),
      h('p', {}, 'Load the page again and retry, or check the downloaded bundle with ',
        code('decentctl verify'), '.'));
  }
  const names = Object.keys(CHECKS);
  const before = names.slice(0, Math.max(0, names.indexOf(error.check)));
  return [
    notice('error',
      h('p', {}, h('strong', {}, `✕ The proof fails: ${error.check.replaceAll('_', ' ')}. `),
        visible(error.detail ?? '')),
      h('p', {},
        error.check === 'roster'
          ? 'It may be a sound proof of another cluster. Compare the cluster ids; do not rely on ' +
            'this decision before they agree.'
          : 'Do not rely on this decision. Fetch the bundle from another node; if it fails there ' +
            'as well, tell the operators.')),
    h('ol', { class: 'checks', 'aria-label': 'Checks' },
      before.map((name) => checkLine('✓', 'ok', name)), checkLine('✕', 'bad', error.check)),
  ];
}

function trustForm(report) {
  const input =
    h('textarea', { rows: '2', spellcheck: 'false', autocomplete: 'off', class: 'id' },
      trustedClusters().join('\n'));
  const told = h('p', { class: 'hint', role: 'status' });
  const state = h('p', {});
  const show = () => {
    const trusted = trustedClusters();
    fill(state,
      trusted.includes(report.clusterId)
        ? h('span', { class: 'badge status-decided' }, '✓ a cluster that you trust')
        : h('span', { class: 'badge' },
            trusted.length === 0 ? 'no cluster is pinned' : '▲ none of those that you trust'));
  };
  const save = () => {
    const { bad, kept } = trust(input.value.split(/\s+/));
    told.textContent = bad.length > 0
      ? `Not a cluster id: "${
          bad[0].slice(0, 70)}". It has 64 hexadecimal digits. The others count.`
      : kept
      ? 'Kept in this browser.'
      : 'This browser keeps nothing: the ids count until you close or reload the page.';
    show();
  };
  input.addEventListener('change', save);
  show();
  return h('details', { class: 'trust', open: !trustedClusters().includes(report.clusterId) },
    h('summary', {}, 'The cluster that you trust'),
    h('p', {}, 'This proof is of the cluster ', code(report.clusterId)), state,
    h('p', { class: 'hint' },
      'Without an id that you got from someone you know, the proof shows only that the roster ',
      'inside it decided: anyone can make up a cluster. ',
      'Ask an operator, or see what ', code('decentctl roster show'),
      ' says of the roster that you were given, and compare.'),
    field('Cluster ids that you trust, one a line', input),
    h('div', { class: 'row' }, h('button', { type: 'button', onclick: save }, 'Keep'),
      h('button', {
        type: 'button',
        class: 'quiet',
        onclick: () => {
          const all = new Set(input.value.split(/\s+/).filter(Boolean)).add(report.clusterId);
          input.value = [...all].join('\n');
          save();
        }
      },
        'I compared it: trust this cluster')),
    told);
}
