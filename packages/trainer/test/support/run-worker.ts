// A worker module: does what its configuration says.
import { serveRun, TrainOptionsError, type RunControl } from '../../src/index.node.ts';
import { nextTask } from '../../src/next-task.ts';

const ORDERS: Readonly<Record<string, (control: RunControl) => unknown>> = {
  answer: () => ({ weights: Float32Array.of(1, 2) }),
  events: ({ emit }) => {
    for (const progress of [0, 0.5, 1]) emit({ type: 'phase', phase: 'loading', detail: 'clips', progress });
    return 'said it all';
  },
  'wait for stop': ({ stopSignal }) =>
    new Promise((resolve) => stopSignal.addEventListener('abort', () => resolve('stopped'))),
  'compute until stopped': async ({ stopSignal, emit }) => {
    emit({ type: 'phase', phase: 'training', detail: 'busy', progress: null });
    let steps = 0;
    for (; !stopSignal.aborted; steps++) {
      const end = performance.now() + 5;
      while (performance.now() < end); // as a synchronous engine does
      await nextTask();
    }
    return steps > 0;
  },
  'block for half a second': ({ emit }) => {
    emit({ type: 'phase', phase: 'training', detail: 'busy', progress: null });
    const end = performance.now() + 500;
    while (performance.now() < end);
  },
  throw: () => {
    throw new TrainOptionsError('epochs must be a whole number from 1 on, got 0');
  },
  exit: () => process.exit(7),
  'crash later': () => {
    setTimeout(() => {
      throw new Error('out of luck');
    }, 5);
    return new Promise(() => {});
  },
  'return a function': () => () => 1,
  'answer and stay alive': () => {
    setInterval(() => {}, 1000);
    return 'answered';
  },
  'never stop': ({ emit }) => {
    emit({ type: 'phase', phase: 'training', detail: 'busy', progress: null });
    return new Promise(() => {});
  },
};

serveRun((order: string, control) => ORDERS[order]?.(control));
