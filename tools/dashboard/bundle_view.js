// Everything that a proof says, for a round's page and for a bundle from a file.

import { append, fill, h, longText, notice, section, words } from './dom.js';
import { absence, absenceInShort, answerList } from './answers.js';
import { bytes as size, flipMarginInWords, plural } from './format.js';
import { certificate } from './certificate.js';
import { heatMap } from './heat_map.js';
import { dissenters, rankedAnswers, withMissing } from './report.js';
import { rulesTable } from './rules_table.js';
import { verifyPanel } from './verify_panel.js';

/** `after`: titles of the parts that the page shows behind these. */
export function bundleView(bytes, read, after = []) {
  const report = withMissing(read);
  const state = h('div', {});
  unverified(state);
  const parts = [
    section('Question', messages(report.query.messages), sampling(report.query.sampling)),
    section('Result', state, summary(report)),
    section('Answers', answerList(report)),
    report.sheets.length > 0
      ? section('Scores', report.aggregate ? heatMap(report) : null, absentJudges(report))
      : null,
    report.aggregate ? section('Under another rule', otherRules(report)) : null,
    section('Certificate', certificate(report)),
    section('Verify',
      verifyPanel(bytes, report, {
        start: () => unverified(state),
        passed: (done) => verified(state, done),
        failed: () => notVerified(state)
      }),
      download(bytes, report)),
  ].filter(Boolean);
  return [partsList(parts, after), parts];
}

// Buttons, not links: what stands behind # names the page.
function partsList(parts, after) {
  const titles = [...parts.map((part) => part.querySelector('h2').textContent), ...after];
  const go = (title) => {
    const heading = [...document.querySelectorAll('main h2')]
      .find(({ textContent }) => textContent === title);
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus();
    heading.scrollIntoView();
  };
  return h('nav', { class: 'parts', 'aria-label': 'Parts of this page' }, titles.map((title) =>
    h('button', { type: 'button', class: 'quiet', onclick: () => go(title) }, title)));
}

function unverified(state) {
  fill(state,
    h('p', { class: 'hint' }, 'Shown from the proof as this node sent it. ',
      'Its signatures are not checked yet: the button under “Verify” does that here.'));
}

function verified(state, report) {
  fill(state,
    notice(report.authenticated ? 'ok' : 'warn',
      h('p', {},
        report.authenticated
          ? '✓ Verified in this browser, under a cluster that you trust.'
          : '✓ Consistent in itself, but of a cluster that you did not name as one you trust.')));
}

function notVerified(state) {
  fill(state,
    notice('error',
      h('p', {}, 'Not verified: the last check failed or could not be finished. ',
        '“Verify” below says why.')));
}

export function messages(all) {
  return h('div', { class: 'messages' },
    all.map(({ role, content }, i) => h('div', { class: `message role-${role}` },
              all.length > 1 ? h('p', { class: 'role' }, role) : null,
              longText(content, `Message ${i + 1}, ${role}`))));
}

function sampling(given) {
  const set = Object.entries(given ?? {})
                .filter(([, value]) => value !== null && value !== undefined && value !== '' &&
                    !(Array.isArray(value) && value.length === 0));
  if (set.length === 0) return null;
  const name = (key) => key.replaceAll(/([A-Z])/g, ' $1').replaceAll('_', ' ').toLowerCase();
  return h('p', { class: 'hint' }, 'Asked with ',
    set.map(([key, value], i) => [i > 0 ? ', ' : '', `${name(key)} `,
              words(typeof value === 'object' ? JSON.stringify(value) : String(value))]));
}

const OUTCOME = {
  too_few_answers: 'The round failed as agreed: there were too few answers.',
  too_few_sheets: 'The round failed as agreed: there were too few score sheets.',
};

const missing = (slots) => slots.filter(({ usable }) => !usable);

function summary(report) {
  const { answers, sheets } = report;
  const sheetCount = sheets.length - missing(sheets).length;
  const parts = [];
  if (report.aggregate) {
    const best = rankedAnswers(report)[0];
    parts.push(
      [
        'Winner',
        [
          h('strong', {}, words(best.answer.name)),
          ` with ${(best.score / 1e6).toFixed(2)} of 20 by ${
            report.aggregate.rule.replaceAll('_', ' ')}`
        ]
      ],
      [
        'Firmness',
        flipMarginInWords(report.aggregate.flipMargin, sheetCount, report.panels.sheets.faulty)
      ],
      ['Dissent', dissent(report, sheetCount)]);
  } else {
    parts.push(['Outcome', OUTCOME[report.verdict.outcome] ?? String(report.verdict.outcome)]);
  }
  parts.push(['Answers', taking(answers)],
    ['Sheets', sheets.length === 0 ? 'the scoring did not run' : taking(sheets)]);
  return h('dl', { class: 'facts' },
    parts.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

function taking(slots) {
  const without = missing(slots);
  return [
    `${slots.length - without.length} of ${slots.length}`,
    without.map((slot, i) => [i === 0 ? ': ' : '; ', absenceInShort(slot)])
  ];
}

function dissent(report, sheets) {
  const found = dissenters(report);
  if (found.length === 0) return 'None: no judge\'s own sheet puts another answer first.';
  return [
    `${found.length} of ${plural(sheets, 'judge')} put another answer first: `,
    found.map(({ sheet, prefers }, i) => [i > 0 ? '; ' : '', words(sheet.name), ' prefers ',
                prefers.map((name, j) => [j > 0 ? ', ' : '', words(name)])]),
    '.'
  ];
}

function absentJudges(report) {
  const without = missing(report.sheets);
  if (without.length === 0) return null;
  return h('ul', { class: 'absent-list', 'aria-label': 'Judges without a sheet' },
    without.map((sheet) => h('li', {}, absence(sheet))));
}

// Of large councils it takes seconds.
const MOST_COMPARED_AT_ONCE = 16;

function otherRules(report) {
  const box = h('div', {});
  if (report.panels.sheets.size <= MOST_COMPARED_AT_ONCE) {
    computeRules(box, report);
    return box;
  }
  const compute = () => {
    box.tabIndex = -1;
    box.focus();  // the button goes
    computeRules(box, report);
  };
  return append(box, [
    h('p', { class: 'hint' }, 'What the other rules would make of the same sheets takes this ',
      `browser a while: ${plural(report.panels.sheets.size, 'judge')}.`),
    h('p', {}, h('button', { type: 'button', onclick: compute }, 'Compare the rules'))
  ]);
}

async function computeRules(box, report) {
  const stage = h('p', { class: 'hint', role: 'status' }, 'Computing…');
  fill(box, stage);
  try {
    const table = await rulesTable(report, ({ done, total }) => {
      stage.textContent = `Computing: ${done} of ${plural(total, 'rule')}…`;
    });
    fill(box, table);
  } catch (error) {
    console.error(error);
    fill(box,
      notice('error', h('p', {}, 'The other rules could not be computed: ', words(error.message))));
  }
}

function download(bytes, report) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
    const link = h('a', { href: url, download: `${report.roundId}.bundle` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  return append(h('p', { class: 'row' }), [
    h('button', { type: 'button', onclick: save }, `Download the bundle (${size(bytes.length)})`),
    h('a', { href: '#/verify' }, 'Check a bundle from a file')
  ]);
}
