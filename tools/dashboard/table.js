// A table that sorts by its headings, keeps its rows (and so the reader's focus) while its data
// change, and turns into cards on a narrow screen. Roles are written out, for as cards the browser
// would no longer tell a screen reader that it is a table.

import { fill, h } from './dom.js';

const compare = (a, b) => {
  const unknown = (v) => v === null || v === undefined;
  if (unknown(a) || unknown(b)) return unknown(a) - unknown(b);
  return typeof a === 'number' && typeof b === 'number' ? a - b
                                                        : String(a).localeCompare(String(b));
};

/**
 * columns: [{key, label, cell(row) -> node or text, value?(row) -> what it sorts by, numeric?,
 *   rowHeader?}]
 * rowKey(row): what a row is recognised by. sort: {key, descending} to begin with.
 */
export class Table {
  constructor({ caption, columns, rowKey, sort = null, hideCaption = false }) {
    this.columns = columns;
    this.rowKey = rowKey;
    this.sort = sort;
    this.rows = [];
    this.shown = new Map();
    this.body = h('tbody', { role: 'rowgroup' });
    this.headings = columns.map((column) => this.heading(column));
    this.element = h('div', { class: 'table-box' },
      h('table', { class: 'cards', role: 'table' },
        h('caption', { class: hideCaption ? 'visually-hidden' : '' }, caption),
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, this.headings)), this.body));
    this.markSort();
  }

  heading(column) {
    const label = column.value
      ? h('button', { type: 'button', class: 'sort', onclick: () => this.sortBy(column) },
          column.label, h('span', { class: 'arrow', 'aria-hidden': 'true' }))
      : column.label;
    return h('th', { scope: 'col', role: 'columnheader', class: column.numeric ? 'number' : '' },
      label);
  }

  sortBy(column) {
    const descending =
      this.sort?.key === column.key ? !this.sort.descending : Boolean(column.numeric);
    this.sort = { key: column.key, descending };
    this.markSort();
    this.update(this.rows);
  }

  markSort() {
    this.columns.forEach((column, i) => {
      if (!column.value) return;
      const mine = this.sort?.key === column.key;
      this.headings[i].setAttribute(
        'aria-sort', mine ? (this.sort.descending ? 'descending' : 'ascending') : 'none');
    });
  }

  sorted(rows) {
    const column = this.columns.find(({ key }) => key === this.sort?.key);
    if (!column) return rows;
    const sign = this.sort.descending ? -1 : 1;
    const unknown = (v) => v === null || v === undefined;
    return [...rows].sort((a, b) => {
      const [left, right] = [column.value(a), column.value(b)];
      // Unknown ones come last in either direction.
      return unknown(left) || unknown(right) ? compare(left, right) : sign * compare(left, right);
    });
  }

  update(rows) {
    this.rows = rows;
    const wanted = this.sorted(rows);
    const keys = new Set(wanted.map(this.rowKey));
    for (const [key, { element }] of this.shown) {
      if (keys.has(key)) continue;
      element.remove();
      this.shown.delete(key);
    }
    let place = this.body.firstChild;
    for (const row of wanted) {
      const element = this.rowElement(row);
      if (element === place)
        place = place.nextSibling;
      else
        this.body.insertBefore(element, place);
    }
  }

  rowElement(row) {
    const key = this.rowKey(row);
    const data = JSON.stringify(row);
    const kept = this.shown.get(key);
    if (kept?.data === data) return kept.element;
    const element = kept?.element ?? h('tr', { role: 'row' });
    const focused = element.contains(document.activeElement)
      ? [...element.querySelectorAll('a, button')].indexOf(document.activeElement)
      : -1;
    fill(element,
      this.columns.map((column) => h(column.rowHeader ? 'th' : 'td', {
        role: column.rowHeader ? 'rowheader' : 'cell',
        scope: column.rowHeader ? 'row' : null,
        class: column.numeric ? 'number' : '',
        'data-label': column.label,
      },
                         h('div', { class: 'value' }, column.cell(row)))));
    if (focused >= 0) element.querySelectorAll('a, button')[focused]?.focus();
    this.shown.set(key, { data, element });
    return element;
  }
}

/** The same look for rows that do not change: the first cell of each names it. */
export function plainTable(caption, labels, rows) {
  const cell = (content, i) => h(i === 0 ? 'th' : 'td', {
    role: i === 0 ? 'rowheader' : 'cell', scope: i === 0 ? 'row' : null, 'data-label': labels[i],
  }, h('div', { class: 'value' }, content));
  return h('div', { class: 'table-box' }, h('table', { class: 'cards', role: 'table' },
    h('caption', { class: 'visually-hidden' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' },
      labels.map((label) => h('th', { scope: 'col', role: 'columnheader' }, label)))),
    h('tbody', { role: 'rowgroup' }, rows.map(({ cells, current }) =>
      h('tr', { role: 'row', class: current ? 'current' : '' }, cells.map(cell))))));
}
