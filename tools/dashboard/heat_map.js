// Who gave which answer how much: answers down, judges across, one criterion or all of them.

import { announce, field, fill, h, select, words } from './dom.js';
import { microPoints, points, reasonInWords } from './format.js';
import { isOutlier, medianDistance, rankedAnswers, tie } from './report.js';

const TOTAL = 'total';

/** A mark in points, 0 to 20: of one criterion, or the mean of all. */
function mark(scores, criterion) {
  if (!scores) return null;
  if (criterion !== TOTAL) return scores[Number(criterion)] / 1000;
  return scores.reduce((sum, one) => sum + one, 0) / scores.length / 1000;
}

export function heatMap(report) {
  const options = [
    [TOTAL, 'all: the mean mark'],
    ...report.criteria.map((name, i) => [String(i), name.replaceAll('_', ' ')])
  ];
  // What scrolls has to be reachable without a mouse.
  const box =
    h('div', { class: 'table-box', tabindex: '0', role: 'region', 'aria-label': 'Heat map' });
  const draw = (criterion) =>
    fill(box, table(report, criterion, options.find(([value]) => value === criterion)[1]));
  draw(TOTAL);
  const chooser = select(options, TOTAL, (criterion) => {
    draw(criterion);
    announce(`The heat map shows ${options.find(([value]) => value === criterion)[1]}.`);
  });
  return h('div', { class: 'heat-map' },
    h('div', { class: 'filters' }, field('Criterion', chooser)), box, legend(report));
}

function table(report, criterion, label) {
  const answers = rankedAnswers(report);
  return h('table', { class: 'heat' },
    h('caption', {}, `Points of 20 for each answer by each judge, ${label}`),
    h('thead', {},
      h('tr', {}, h('th', { scope: 'col' }, 'Answer of'),
        report.sheets.map(
          (sheet) => h('th', { scope: 'col' }, words(sheet.name), sheetState(report, sheet))),
        h('th', { scope: 'col', class: 'robust' }, 'Robust score'))),
    h('tbody', {},
      answers.map(({ answer, rank, score }) => h('tr', {},
                    h('th', { scope: 'row' }, h('span', { class: 'rank' }, `${rank}.`), ' ',
                      words(answer.name)),
                    report.sheets.map((sheet) => cell(report, answer, sheet, criterion)),
                    h('td', { class: 'robust' }, microPoints(score))))),
    h('tfoot', {},
      h('tr', {}, h('th', { scope: 'row' }, 'Distance'),
        report.sheets.map(
          (sheet) => h('td', { class: isOutlier(report, sheet) ? 'outlier' : '' },
            sheet.usable ? microPoints(sheet.distance) : '–',
            isOutlier(report, sheet) ? h('span', { class: 'flag' }, '▲ outlier') : null)),
        h('td', {}))));
}

function sheetState(report, sheet) {
  if (sheet.usable)
    return isOutlier(report, sheet) ? h('span', { class: 'flag' }, '▲ outlier') : null;
  return h('span', { class: 'flag' }, sheet.abstain ? '∅ abstained' : '✕ missing');
}

function cell(report, answer, sheet, criterion) {
  const tied = tie(report, answer, sheet);
  if (!sheet.usable) {
    const why = sheet.abstain ? `abstained: ${reasonInWords(sheet.abstain.reason)}` : 'missing';
    return h('td', { class: `mark none${tied ? ' own' : ''}`, title: why },
      h('span', { class: 'visually-hidden' }, why),
      h('span', { 'aria-hidden': 'true' }, sheet.abstain ? '∅' : '✕'));
  }
  const value = mark(sheet.scores[answer.author], criterion);
  const element = h('td', { class: `mark${tied ? ' own' : ''}` }, points(value, 1),
    tied ? h('span', { class: 'own-mark' }, tied) : null);
  element.style.setProperty('--mark', String(Math.min(1, Math.max(0, value / 20))));
  return element;
}

function legend(report) {
  const median = medianDistance(report);
  return h('div', { class: 'hint' },
    h('p', { class: 'ramp-row' }, h('span', {}, '0'),
      h('span', { class: 'ramp', 'aria-hidden': 'true' }), h('span', {}, '20 points')),
    h('p', {}, h('strong', {}, 'own'), ': the judge scores its own answer; ',
      report.aggregate.rule === 'krum'
        ? 'krum counts it all the same. '
        : 'the rule leaves such a mark out where enough others remain. ',
      h('strong', {}, 'Distance'), ': how far the sheet lies from the aggregate, in points. ',
      h('strong', {}, '▲ outlier'),
      ': it lies more than 1 point and more than 3 times the median distance',
      median === null ? '' : ` (${microPoints(median)})`, ' away. ', h('strong', {}, '∅'),
      ' abstained, ', h('strong', {}, '✕'), ' missing.'));
}
