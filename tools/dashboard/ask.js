// A question to the council. What is typed is kept until it was taken: through errors, a missing
// key, another page and a reload.

import { get, post } from './api.js';
import { announce, errorNotice, field, fill, h, notice } from './dom.js';

const DRAFT = 'decentd.draft';

function loadDraft() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT)) ?? {};
  } catch {
    return {};
  }
}

function keepDraft(draft) {
  try {
    if (draft === null)
      sessionStorage.removeItem(DRAFT);
    else
      sessionStorage.setItem(DRAFT, JSON.stringify(draft));
  } catch {
    // The form itself keeps it while it is shown.
  }
}

const OPTIONS = [
  // name, label, hint, attributes
  [
    'temperature', 'Temperature', '0 to 2; empty: each node\'s own',
    { min: 0, max: 2, step: 'any', inputmode: 'decimal' }
  ],
  [
    'max_tokens', 'Most tokens of an answer', 'empty: each node\'s own',
    { min: 1, step: 1, inputmode: 'numeric' }
  ],
  [
    // Beyond these the number that is sent would not be the one that was typed.
    'seed', 'Seed', 'passed to the models; few keep it strictly',
    {
      min: Number.MIN_SAFE_INTEGER,
      max: Number.MAX_SAFE_INTEGER,
      step: 1,
      inputmode: 'numeric'
    }
  ],
];

export async function render(main, { signal }) {
  const draft = loadDraft();
  const question =
    h('textarea', { rows: '7', required: true, dir: 'auto', value: draft.question ?? '' });
  const system = h('textarea', { rows: '3', dir: 'auto', value: draft.system ?? '' });
  const model =
    h('select', {}, h('option', { value: draft.model ?? 'decent' }, draft.model ?? 'decent'));
  const numbers = Object.fromEntries(OPTIONS.map(([name, , , attributes]) =>
    [name, h('input', {
      type: 'number',
      ...attributes,
      value: draft[name] ?? '',
      // The browser says what is wrong with a field only where the field is seen.
      oninvalid: () => { options.open = true; }
    })]));
  const problem = h('div', {});
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Ask the council');
  const keep = () => keepDraft({
    question: question.value,
    system: system.value,
    model: model.value,
    ...Object.fromEntries(Object.entries(numbers).map(([name, input]) => [name, input.value]))
  });

  const options =
    h('details', { open: Boolean(draft.system) || OPTIONS.some(([name]) => draft[name]) },
      h('summary', {}, 'Options'),
      field('System prompt', system, 'Instructions that every agent gets with the question.'),
      h('div', { class: 'grid' },
        field('Council', model,
          'A smaller committee is drawn by lot: cheaper, and withstands fewer liars.'),
        OPTIONS.map(([name, label, hint]) => field(label, numbers[name], hint))));
  const form = h('form', {
    class: 'ask',
    oninput: keep,
    onchange: keep,
    onsubmit: (event) => {
      event.preventDefault();
      send();
    }
  },
    field('Question', question,
      'Every node of the council reads it, and hands it to its model\'s provider.'),
    options,
    h('div', { class: 'row' }, submit,
      h('span', { class: 'hint shortcut' }, h('kbd', {}, 'Ctrl'), ' + ', h('kbd', {}, 'Enter'),
        ' asks too')));
  question.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  fill(main, h('h1', {}, 'Ask the council'), problem, form);

  async function send() {
    if (question.value.trim() === '') {
      fill(
        problem, notice('error', h('p', { role: 'alert' }, 'The question is empty: write one.')));
      question.focus();
      return;
    }
    submit.disabled = true;
    submit.textContent = 'Asking…';
    try {
      const round = await post('/v1/rounds', requestOf(question, system, model, numbers), signal);
      keepDraft(null);
      announce('The council has the question.');
      location.hash = `#/rounds/${round.id}`;
    } catch (error) {
      if (signal.aborted) return;
      fill(problem, errorNotice(error, null));
      submit.disabled = false;
      submit.textContent = 'Ask the council';
    }
  }

  try {
    fillModels(model, draft.model, await get('/v1/models', signal));
  } catch (error) {
    if (signal.aborted) throw error;
    // The whole council can be asked without the list; what is wrong is told when asking fails.
  }
}

function requestOf(question, system, model, numbers) {
  const messages = [{ role: 'user', content: question.value }];
  if (system.value.trim() !== '') messages.unshift({ role: 'system', content: system.value });
  const given =
    Object.entries(numbers).filter(([, input]) => input.value !== '').map(([name,
      input]) => [name, Number(input.value)]);
  return { model: model.value, messages, ...Object.fromEntries(given) };
}

function fillModels(select, chosen, list) {
  const ids = list.data.map(({ id }) => id);
  const label = (id) => {
    const committee = id.match(/^decent-(\d+)$/);
    return committee ? `a committee of ${committee[1]} (${id})`
      : id === 'decent' ? 'the whole council (decent)'
                        : id;
  };
  const wanted = ids.includes(chosen) ? chosen : select.value;
  fill(select, ids.map((id) => h('option', { value: id, selected: id === wanted }, label(id))));
}
