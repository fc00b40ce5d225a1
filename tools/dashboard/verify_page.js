// A bundle from a file: nothing is asked of the node, so nothing but this page need be trusted.

import { announce, errorNotice, fill, h, notice, visible } from './dom.js';
import { bytes as size, code } from './format.js';
import { loadParts } from './patience.js';

const LONGEST = 160 * 2 ** 20;  // of 128 nodes: SPEC, section 9

export async function render(main, { signal }) {
  const input =
    h('input', { type: 'file', id: 'bundle-file', accept: '.bundle,application/octet-stream' });
  const view = h('div', { class: 'proof' });
  const drop = h('div', { class: 'drop' }, h('label', { for: 'bundle-file'
  }, h('strong', {}, 'A bundle'), ' to check: choose a file, or drop it here'), input);
  fill(main, h('h1', {}, 'Verify a bundle'),
    h('p', {},
      'A bundle is the proof of one round: download it from a round\'s page, or save it with ',
      code('decentctl ask --save'), ' or ', code('decentctl rounds export'),
      '. It is read and checked in this browser and sent nowhere.'),
    drop, view);

  let latest = 0;
  const open = async (file) => {
    if (!file) return;
    const turn = ++latest;
    const isPast = () => signal.aborted || turn !== latest;  // another file was chosen meanwhile
    fill(view, h('p', { class: 'hint', role: 'status' }, 'Reading ', visible(file.name), '…'));
    try {
      if (file.size > LONGEST)
        throw Object.assign(new Error('too long'),
          { check: 'encoding', detail: `${size(file.size)} are more than any bundle has` });
      const [{ readBundle }, { bundleView }] =
        await Promise.all([loadParts(() => import('./proof/verify.js'), signal),
          loadParts(() => import('./bundle_view.js'), signal)]);
      const bytes = new Uint8Array(await file.arrayBuffer());
      const report = await readBundle(bytes);
      if (isPast()) return;
      fill(view,
        h('p', { class: 'hint' }, 'From the file ', h('bdi', {}, visible(file.name)), ', round ',
          code(report.roundId)),
        bundleView(bytes, report));
      announce('The bundle is read. Its checks run when you press Verify in this browser.');
    } catch (error) {
      if (isPast()) return;
      if (error.check === undefined) console.error(error);
      if (error.again) return fill(view, errorNotice(error, error.again));
      fill(view, unreadable(error));
      announce('The file cannot be read as a bundle.');
    }
  };

  input.addEventListener('change', () => open(input.files[0]));
  const over = (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    drop.classList.add('over');
  };
  // On the whole page: a file that misses the box would replace the page with itself.
  addEventListener('dragover', over, { signal });
  addEventListener('dragleave', () => drop.classList.remove('over'), { signal });
  addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    open(event.dataTransfer.files[0]);
  }, { signal });
}

function unreadable(error) {
  if (error.check === 'browser') {
    return notice('error',
      h('p', {}, h('strong', {}, 'Nothing was read: '), visible(error.detail)));
  }
  return notice('error',
    h('p', {}, h('strong', {}, 'This is no bundle that can be read: '),
      visible(error.check ? `${error.check}: ${error.detail}` : error.message)),
    h('p', {}, 'Check that the file was copied whole: one changed byte is one too many.'));
}
