// Elements are made by calls and text is only ever a text node: what models, nodes and strangers
// wrote cannot become markup, because nothing here parses any.

export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on'))
      element.addEventListener(name.slice(2), value);
    else if (name === 'class')
      element.className = value;
    else if (name === 'value' || name === 'checked' || name === 'selected')
      element[name] = value;
    else if (name === 'href')
      element.setAttribute('href', localLink(value));
    else
      element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

// Links of this page lead to this page: a text that says "javascript:" never gets here unnoticed.
function localLink(target) {
  if (!/^(#|\/[^/\\]|blob:)/.test(target)) throw new Error(`not a link of this page: ${target}`);
  return target;
}

export function append(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren();
  return append(element, children);
}

// C0 and C1 controls but tab and line end, marks that change the direction of text, invisible
// spaces, fillers and joiners of no script, line separators, and the tag characters and
// supplementary variation selectors that hide whole prompts.
const HIDDEN = new RegExp(
  '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u115f\\u1160\\u180e\\u200b' +
    '\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb' +
    '\\u{e0000}-\\u{e007f}\\u{e0100}-\\u{e01ef}]',
  'gu');

// More of them become plain text: a text of nothing else must not make a hundred thousand elements.
const MOST_CONTROLS = 1000;

/** The text with its invisible characters named, as nodes. */
export function visible(text) {
  const nodes = [];
  let from = 0, controls = 0;
  const source = String(text ?? '');
  for (const match of source.matchAll(HIDDEN)) {
    if (match[0] === '\r' && source[match.index + 1] === '\n') {
      nodes.push(source.slice(from, match.index));
    } else {
      controls += 1;
      nodes.push(source.slice(from, match.index),
        controls > MOST_CONTROLS ? `[${codePoint(match[0])}]` : control(match[0]));
    }
    from = match.index + match[0].length;
  }
  nodes.push(source.slice(from));
  return nodes.filter((node) => node !== '');
}

const codePoint = (character) =>
  `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

function control(character) {
  const code = codePoint(character);
  return h('span', { class: 'control', title: `invisible character ${code}` }, code);
}

/** A stranger's words inside a line of ours. */
export function words(text) {
  return h('bdi', { class: 'words' }, visible(text));
}

const LONG_TEXT = 900, LONG_LINES = 12;

/** A stranger's text of any length as a block: of bounded height until it is asked for. */
export function longText(text, label) {
  const block = h('div', { class: 'untrusted', dir: 'auto' }, visible(text));
  if (text.length <= LONG_TEXT && text.split('\n').length <= LONG_LINES) return block;
  block.classList.add('folded');
  // A block that scrolls has to be reachable without a mouse.
  block.tabIndex = 0;
  block.setAttribute('role', 'region');
  block.setAttribute('aria-label', label);
  const button = h('button', { type: 'button', class: 'quiet', 'aria-expanded': 'false' },
    `Show all of ${text.length.toLocaleString('en')} characters`);
  button.addEventListener('click', () => {
    const open = block.classList.toggle('folded') === false;
    button.setAttribute('aria-expanded', String(open));
    button.textContent =
      open ? 'Show less' : `Show all of ${text.length.toLocaleString('en')} characters`;
  });
  return h('div', {}, block, button);
}

let toTell = [];

/** Tells readers of the screen what changed, without moving their focus. */
export function announce(text) {
  const announcer = document.getElementById('announcer');
  // Emptied first: a text that stays the same is no change, and would not be spoken again.
  announcer.textContent = '';
  toTell.push(text);
  if (toTell.length > 1) return;
  setTimeout(() => {
    announcer.textContent = toTell.join(' ');
    toTell = [];
  });
}

let ids = 0;
const freshId = (prefix) => `${prefix}-${++ids}`;

/** A titled part of a page. */
export function section(title, ...children) {
  const id = freshId('section');
  return h(
    'section', { class: 'panel', 'aria-labelledby': id }, h('h2', { id }, title), children);
}

export function field(label, control, hint) {
  control.id ||= freshId('field');
  const hintId = hint ? `${control.id}-hint` : null;
  if (hintId) control.setAttribute('aria-describedby', hintId);
  return h('div', { class: 'field' }, h('label', { for: control.id
  }, label), control, hint && h('p', { class: 'hint', id: hintId }, hint));
}

export function select(options, chosen, onchange) {
  return h('select', { onchange: (event) => onchange(event.target.value) },
    options.map(([value, label]) => h('option', { value, selected: value === chosen }, label)));
}

/** What went wrong and the way out; `again`: what its button does. */
export function errorNotice(error, again) {
  return h('div', { class: 'notice error', role: 'alert' },
    h('p', {}, h('strong', {}, 'Error: '), words(error.message)),
    error.wayOut && h('p', {}, error.wayOut),
    again && h('button', { type: 'button', onclick: again }, 'Try again'));
}

export function notice(kind, ...children) {
  return h('div', { class: `notice ${kind}` }, children);
}
