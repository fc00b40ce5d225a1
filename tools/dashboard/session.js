// The API key: kept for this tab only, asked for when the node asks for one.

import { fill, h, field, announce } from './dom.js';

const NAME = 'decentd.api-key';
let inMemory = null;  // where storage is switched off
let waiting = [];
let refused = false;

// What a header can carry.
const isKey = (text) => /^[\x20-\x7e]+$/.test(text);

export function key() {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return inMemory;
  }
}

function store(value) {
  inMemory = value;
  try {
    if (value === null)
      sessionStorage.removeItem(NAME);
    else
      sessionStorage.setItem(NAME, value);
  } catch {
    // It lives as long as the page then.
  }
  document.getElementById('forget-key').hidden = value === null;
}

/** Resolves when there is a key to try: nothing that waits is lost, or has to be typed again. */
export function askForKey(usedKey, signal) {
  if (key() !== usedKey) return Promise.resolve();  // another call has got one since
  refused = usedKey !== null;
  return new Promise((resolve, reject) => {
    waiting.push(resolve);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    showForm();
  });
}

function showForm() {
  const box = document.getElementById('key-form');
  if (!box.hidden && box.dataset.refused === String(refused)) return;
  box.dataset.refused = String(refused);
  const input =
    h('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', required: true });
  const problem = h('div', { role: 'alert' });
  const submit = (event) => {
    event.preventDefault();
    const typed = input.value.trim();
    if (typed === '') return;
    if (!isKey(typed)) {
      fill(problem,
        h('p', { class: 'notice error' },
          'This cannot be a key: a key has only letters without accents, digits and the signs of ',
          'an English keyboard. This has something else, perhaps invisible. Copy it again.'));
      input.focus();
      return;
    }
    store(typed);
    box.hidden = true;
    box.replaceChildren();
    const all = waiting;
    waiting = [];
    for (const resolve of all) resolve();
    document.getElementById('main').focus();
  };
  fill(box, h('h2', { id: 'key-title' }, 'This node asks for an API key'),
    refused &&
      h('p', { class: 'notice error', role: 'alert' },
        'The node refused that key. Check it for missing characters, or ask the node\'s ',
        'operator for one.'),
    h('form', { onsubmit: submit },
      field('API key', input, 'Kept in this tab until you close it, and sent to this node only.'),
      problem,
      h('button', { type: 'submit', class: 'primary' }, 'Use this key')));
  box.hidden = false;
  announce('This node asks for an API key.');
  // Not from under the hands of somebody who types: the rest of a question is no key.
  if (!document.activeElement?.matches('input, textarea')) input.focus();
}

export function startSession() {
  const forget = document.getElementById('forget-key');
  forget.hidden = key() === null;
  forget.addEventListener('click', () => {
    store(null);
    announce('The key is forgotten.');
    location.reload();
  });
}
