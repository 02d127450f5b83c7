/**
 * Resolves in a new task of the event loop, so that messages and timers get their turn between steps: steps that compute
 * synchronously would keep an order to stop waiting for ever. Without the delay that browsers add to `setTimeout`.
 */
export function nextTask(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
