// The node's HTTP API: calls with the key, errors in words, and a stream of events that resumes.

import { delay, withPatience } from './patience.js';
import { askForKey, key } from './session.js';

class ApiError extends Error {
  constructor(message, { status = 0, code = null, wayOut = null, retryAfterMs = 0 } = {}) {
    super(message);
    this.status = status;  // 0: nothing that could be read came from the node
    this.code = code;
    this.wayOut = wayOut;
    this.retryAfterMs = retryAfterMs;
  }
}

const mayPass = (error) => error instanceof ApiError && [0, 429, 503].includes(error.status);

// A question may have been taken although nobody said so.
const ASKED_ALL_THE_SAME =
  'The council may have the question all the same: look at the rounds before you ask again.';

const WAYS_OUT = {
  0 :
    'Check that the node runs and that this page can reach it. What is live is tried again by ' +
    'itself.',
  403: 'The node serves other host names than the one in the address bar; its operator sets them.',
  404 :
    'The node does not know this. Its retention may have discarded it, or it is another ' +
    'council\'s.',
  410: 'The round is over on this node; another node may have its proof.',
  413: 'Make the text shorter.',
  429: 'The node limits how much one client may ask. Wait a little, then try again.',
  503: 'The node cannot do it now. The nodes page says what it lacks.',
};

async function errorOf(response) {
  let told = null;
  try {
    told = (await response.json()).error;
  } catch {
    // No JSON: something between the page and the node answered.
  }
  const wait = Number(response.headers.get('Retry-After'));
  return new ApiError(told?.message ?? `the node answered ${response.status} without saying why`, {
    status: response.status,
    code: told?.code ?? null,
    retryAfterMs: 1000 * (wait || 0),
    wayOut: response.status === 429 && wait > 0 ? `The node takes the next request in ${wait} s.`
                                                 : WAYS_OUT[response.status] ?? null,
  });
}

async function send(path, { method = 'GET', body, headers = {}, signal } = {}) {
  for (;;) {
    const used = key();
    const all = {...headers };
    if (used !== null) all.Authorization = `Bearer ${used}`;
    if (body !== undefined) all['Content-Type'] = 'application/json';
    let response;
    try {
      response = await fetch(path, {
        method,
        signal,
        headers: all,
        cache: 'no-store',
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError('the node does not answer',
        { wayOut: method === 'POST' ? ASKED_ALL_THE_SAME : WAYS_OUT[0] });
    }
    if (response.status !== 401) {
      if (!response.ok) throw await errorOf(response);
      return response;
    }
    await askForKey(used, signal);
  }
}

async function bodyOf(response, read, wayOut, signal) {
  try {
    return await read(response);
  } catch (error) {
    if (signal?.aborted) throw error;
    // What is no JSON came whole, but not from the node.
    if (error instanceof SyntaxError)
      throw new ApiError('something else than the node answered', {
        status: response.status,
        wayOut: 'Look at what stands between this page and the node: a proxy, or a login page.',
      });
    throw new ApiError('the node\'s answer broke off', { wayOut });
  }
}

const json = (response) => response.json();

/** Once: for what is asked for again anyway, and for what the page can do without. */
export async function getOnce(path, signal) {
  return bodyOf(await send(path, { signal }), json, WAYS_OUT[0], signal);
}

export const get = (path, signal) => withPatience(() => getOnce(path, signal), mayPass, signal);

/** Once, whatever happens: what is asked twice is paid for twice. */
export async function post(path, body, signal) {
  const response = await send(path, { method: 'POST', body, signal });
  return bodyOf(response, json, ASKED_ALL_THE_SAME, signal);
}

export async function getBundle(roundId, signal) {
  const path = `/v1/rounds/${roundId}/bundle`;
  const response = await withPatience(() => send(path, { signal }), mayPass, signal);
  // One that breaks off is not fetched again unasked: it may be long.
  const read = async () => new Uint8Array(await response.arrayBuffer());
  return bodyOf(response, read, WAYS_OUT[0], signal);
}

/** expand: 'result' or 'decent', see docs/API.md. `ask`: get or getOnce. */
export function listRounds({ limit = 50, after = null, expand = 'decent', ask = get, signal }) {
  const from = after === null ? '' : `&after=${after}`;
  return ask(`/v1/rounds?limit=${limit}${from}&expand=${expand}`, signal);
}

const LAST = new Set(['round.certified', 'round.given_up']);
const FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 15_000;

/**
 * Calls onEvent for each event of a round, in order and once each, until its last. A stream that
 * breaks is taken up behind the last event. Not EventSource: that cannot send a key.
 * isOver(): no more events are to come, so a stream that ends has brought what there is.
 */
export async function followEvents(
  roundId, onEvent, {signal, isOver = () => false, onState = () => {}} = {}) {
  let lastId = null;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    try {
      const headers = lastId === null ? {} : { 'Last-Event-ID': lastId };
      const response = await send(`/v1/rounds/${roundId}/events`, { headers, signal });
      if (response.status === 204) {  // the last event has been here
        onState('ended');
        return;
      }
      onState('live');
      for await (const event of eventsOf(response.body)) {
        pause = FIRST_PAUSE_MS;
        if (event.id !== null) lastId = event.id;
        onEvent(JSON.parse(event.data));
        if (LAST.has(event.type)) {
          onState('ended');
          return;
        }
      }
      if (isOver()) return;
    } catch (error) {
      if (signal?.aborted) throw error;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 &&
        error.status !== 429) {
        throw error;
      }
    }
    onState('broken');
    await delay(pause, signal);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

async function* eventsOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      let end;
      while ((end = text.indexOf('\n\n')) >= 0) {
        const event = parseEvent(text.slice(0, end));
        text = text.slice(end + 2);
        if (event.data !== '') yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parseEvent(block) {
  const event = { id: null, type: 'message', data: '' };
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;  // a comment that keeps the connection awake
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (name === 'id')
      event.id = value;
    else if (name === 'event')
      event.type = value;
    else if (name === 'data')
      event.data += (event.data === '' ? '' : '\n') + value;
  }
  return event;
}

const shown = (signal) => new Promise((resolve, reject) => {
  if (document.visibilityState === 'visible') return resolve();
  document.addEventListener('visibilitychange', resolve, { once: true });
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
});

/** Calls `action` again and again while the page is seen, until `signal`, or it returns false. */
export async function poll(action, pauseMs, signal) {
  for (;;) {
    await shown(signal);
    if ((await action()) === false) return;
    await delay(pauseMs, signal);
  }
}
