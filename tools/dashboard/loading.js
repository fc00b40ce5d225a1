// A classic script, the first one: a page that could not be loaded whole is loaded again, once, and
// then says so. Without it a page of which one module is missing would stay empty.
'use strict';
(() => {
  const NAME = 'decentd.loaded-again';

  function loadAgain() {
    try {
      if (sessionStorage.getItem(NAME) !== null) return false;
      sessionStorage.setItem(NAME, 'yes');
    } catch {
      return false;  // nothing would keep it from doing so for ever
    }
    location.reload();
    return true;
  }

  function tell() {
    const text = document.createElement('p');
    text.textContent = 'A part of this page could not be loaded: the node does not answer, or the ' +
      'network changed. Check that the node runs.';
    const again = document.createElement('button');
    again.type = 'button';
    again.textContent = 'Load the page again';
    again.addEventListener('click', () => location.reload());
    const notice = document.createElement('div');
    notice.className = 'notice error';
    notice.setAttribute('role', 'alert');
    notice.append(text, again);
    document.getElementById('main').before(notice);  // a page without its style works, too
  }

  let failed = false;
  addEventListener('error', ({ target }) => {
    const isPart = target instanceof HTMLScriptElement || target instanceof HTMLLinkElement;
    if (!isPart || target.rel === 'icon' || failed) return;
    failed = true;
    if (loadAgain()) return;
    if (document.readyState === 'loading')
      addEventListener('DOMContentLoaded', tell);
    else
      tell();
  }, true);
  addEventListener('load', () => {  // of modules too
    if (failed) return;
    try {
      sessionStorage.removeItem(NAME);
    } catch {
      // Then nothing was kept.
    }
  });
})();
