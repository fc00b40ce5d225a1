// A classic script, so that the chosen theme is there before the first paint.
'use strict';
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('decentd.theme');
  } catch {
    // Storage is switched off: the system's theme it is.
  }
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
