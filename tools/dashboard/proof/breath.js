// A long computation that lets the page live: it draws, scrolls and answers between two breaths.
const LONGEST_MS = 40;

// Not setTimeout: a page in the background would wait a second for each.
function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export class Breath {
  since = performance.now();

  // For the places of the computation that are passed often.
  async take() {
    if (performance.now() - this.since < LONGEST_MS) return;
    await nextTask();
    this.since = performance.now();
  }
}
