// A worker module: trains in a folder until it waits for something that takes an hour, and says so.
import { setTimeout as sleep } from 'node:timers/promises';
import { folderFiles } from '../../src/folder-store.node.ts';
import { checkpointStore, serveRun, type CheckpointFiles } from '../../src/index.node.ts';
import { runTiny, TINY } from './tiny-run.ts';

const HOUR_MS = 3_600_000;

serveRun(async (order: string, { emit, stopSignal }) => {
  const [what, folder = ''] = order.split('|');
  const say = () => emit({ type: 'phase', phase: 'training', detail: 'busy', progress: null });
  const untilStopped = async () => {
    say();
    await sleep(HOUR_MS, undefined, { signal: stopSignal }).catch(() => {});
  };
  /** Batches of which the eighth never comes. */
  const slowData = {
    ...TINY.batches,
    async *batches(epoch: number, first: number) {
      let number = first;
      for await (const batch of TINY.batches.batches(epoch, first)) {
        if (epoch === 1 && number++ === 2) {
          say();
          await sleep(HOUR_MS);
        }
        yield batch;
      }
    },
  };
  const slowMeasurement = {
    isDue: (step: number) => step === 7,
    better: 'lower' as const,
    measure: () => untilStopped().then(() => null),
  };
  /** A disk that takes a second for each file, from the second checkpoint on. */
  const slowFiles = (files: CheckpointFiles): CheckpointFiles => ({
    ...files,
    async create(name) {
      const writer = await files.create(name);
      if (!name.endsWith('7')) return writer;
      return {
        ...writer,
        async write(file, pieces) {
          say();
          await sleep(500);
          await writer.write(file, pieces);
        },
      };
    },
  });
  const files = folderFiles(folder);
  const { result } = await runTiny(
    {
      checkpoints: {
        store: checkpointStore(what === 'save' ? slowFiles(files) : files),
        everySteps: 7,
        everyEpochs: 0,
      },
      ...(what === 'data' && { batches: slowData }),
      ...(what === 'accumulated data' && { batches: slowData, accumulationSteps: 5, epochs: 6 }),
      ...(what === 'measurement' && { evaluation: slowMeasurement }),
      ...(what === 'save' && { maxSteps: 8 }),
    },
    { noise: 0.1 },
    { stopSignal },
  );
  return `${result.outcome} ${result.step} ${result.checkpointStep}`;
});
