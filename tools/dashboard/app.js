// The frame around the pages: which one is shown, the theme, the keyboard.

import { announce, errorNotice, fill, h } from './dom.js';
import { loadParts } from './patience.js';
import { startSession } from './session.js';

const PAGES = [
  [/^#\/rounds$/, () => import('./rounds.js')],
  [/^#\/rounds\/([0-9a-f]{64})$/, () => import('./round.js')],
  [/^#\/nodes$/, () => import('./nodes.js')],
  [/^#\/cost$/, () => import('./cost.js')],
  [/^#\/ask$/, () => import('./ask.js')],
  [/^#\/verify$/, () => import('./verify_page.js')],
];

const main = document.getElementById('main');
let leaving = new AbortController();

async function show(moveFocus) {
  leaving.abort(new DOMException('another page is shown', 'AbortError'));
  leaving = new AbortController();
  const { signal } = leaving;
  const hash = location.hash || '#/rounds';
  markCurrent(hash);
  const [load, parts] =
    PAGES.map(([pattern, load]) => [load, hash.match(pattern)]).find(([, match]) => match) ??
    [null, null];
  if (load === null) return showUnknown(moveFocus);
  try {
    const page = await loadParts(load, signal);
    if (signal.aborted) return;
    const ended = page.render(main, { signal, parts: parts.slice(1) });
    arrive(moveFocus);
    await ended;
  } catch (error) {
    if (signal.aborted) return;
    console.error(error);
    main.prepend(errorNotice(error, error.again ?? (() => show(true))));
  }
}

function arrive(moveFocus) {
  const heading = main.querySelector('h1');
  if (!heading) return;
  document.title = `${heading.textContent} · decentd`;
  if (!moveFocus) return;
  scrollTo(0, 0);
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function showUnknown(moveFocus) {
  fill(main, h('h1', {}, 'No such page'),
    h('p', {}, 'The address leads nowhere. ', h('a', { href: '#/rounds' }, 'See the rounds'),
      '.'));
  arrive(moveFocus);
}

function markCurrent(hash) {
  for (const link of document.querySelectorAll('.site-header nav a')) {
    const target = link.getAttribute('href');
    if (hash === target || hash.startsWith(`${target}/`))
      link.setAttribute('aria-current', 'page');
    else
      link.removeAttribute('aria-current');
  }
}

const THEMES = ['system', 'light', 'dark'];

function startTheme() {
  const button = document.getElementById('theme');
  const root = document.documentElement;
  const label = () => {
    button.textContent = `Theme: ${root.dataset.theme ?? 'system'}`;
  };
  button.addEventListener('click', () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? 'system') + 1) % THEMES.length];
    if (next === 'system')
      delete root.dataset.theme;
    else
      root.dataset.theme = next;
    try {
      if (next === 'system')
        localStorage.removeItem('decentd.theme');
      else
        localStorage.setItem('decentd.theme', next);
    } catch {
      // It lasts as long as the page then.
    }
    label();
    announce(`Theme: ${next}`);
  });
  label();
}

function startKeyboard() {
  document.getElementById('skip').addEventListener('click', (event) => {
    event.preventDefault();  // the part behind # names the page
    main.focus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest('input, textarea, select')) return;
    const search = main.querySelector('input[type=search]');
    if (!search) return;
    event.preventDefault();
    search.focus();
  });
}

startTheme();
startSession();
startKeyboard();
addEventListener('hashchange', () => show(true));
show(false);
