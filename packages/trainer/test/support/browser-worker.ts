// A Web Worker: trains the tiny model with checkpoints in the origin-private file system, or does other things it is told.
import { originPrivateStore, serveRun } from '../../src/index.ts';
import { runTiny } from './tiny-run.ts';

/** What the worker is told to do. */
export type BrowserOrder =
  | { readonly do: 'train'; readonly folder: string }
  | { readonly do: 'throw' }
  | { readonly do: 'crash later' }
  | { readonly do: 'close itself' };

serveRun(async (order: BrowserOrder, { emit, stopSignal }) => {
  switch (order.do) {
    case 'train': {
      const checkpoints = { store: originPrivateStore(order.folder) };
      return (await runTiny({ checkpoints }, { noise: 0.1 }, { onEvent: emit, stopSignal })).steps;
    }
    case 'throw':
      throw new TypeError('wrong on purpose');
    case 'crash later':
      setTimeout(() => {
        throw new Error('out of luck');
      }, 5);
      return new Promise<never>(() => {});
    case 'close itself':
      globalThis.close();
      return new Promise<never>(() => {});
  }
});
