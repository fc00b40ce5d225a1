// What fails on the way to the node and may pass: a network that changes while a page is loaded, a
// node that is busy for a moment.

const PAUSES_MS = [300, 1000, 3000];
const LONGEST_PAUSE_MS = 5000;

export function delay(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);  // a page that polls for days waits often
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/**
 * What `action` resolves to, tried again after a pause where it fails and mayPass(error). Only for
 * what may be done twice. An error may ask for a longer pause with `retryAfterMs`; whoever asks for
 * one that nobody sits through gets none.
 */
export async function withPatience(action, mayPass, signal) {
  for (const pause of PAUSES_MS) {
    try {
      return await action();
    } catch (error) {
      const asked = error.retryAfterMs ?? 0;
      if (signal?.aborted || !mayPass(error) || asked > LONGEST_PAUSE_MS) throw error;
      await delay(Math.max(pause, asked), signal);
    }
  }
  return action();
}

// What imports throw when a module did not come; one that came and is wrong is wrong again.
const didNotCome = (error) => error instanceof TypeError;

/** Modules that are loaded when they are needed: `load` imports them. */
export async function loadParts(load, signal) {
  try {
    return await withPatience(load, didNotCome, signal);
  } catch (error) {
    if (signal?.aborted || !didNotCome(error)) throw error;
    const told = new Error('a part of this page could not be loaded from the node');
    told.cause = error;
    told.wayOut = 'Check that the node runs, then load the page again.';
    told.again = () => location.reload();  // browsers may remember that a module failed
    throw told;
  }
}
