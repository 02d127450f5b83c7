import type { SignalWatch, stopOnSignals as stopOnSignalsAnywhere } from './stop-on-signals.ts';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Stops a run on Ctrl-C or SIGTERM. See the browser-safe declaration for the contract. */
export const stopOnSignals: typeof stopOnSignalsAnywhere = (handle, onStop = () => {}): SignalWatch => {
  let received: 'SIGINT' | 'SIGTERM' | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal !== 'SIGINT' && signal !== 'SIGTERM') return;
    if (received) process.exit(EXIT_CODES[signal]);
    received = signal;
    onStop(signal);
    handle.stop();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    get received() {
      return received;
    },
    get exitCode() {
      return received ? EXIT_CODES[received] : 0;
    },
    dispose: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
};
