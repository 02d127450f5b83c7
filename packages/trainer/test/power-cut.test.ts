import { random } from '@umt/random';
import { describe, expect, it } from 'vitest';
import { lockFolderOn } from '../src/folder-lock.node.ts';
import { folderFiles } from '../src/folder-store.node.ts';
import { checkpointStore, type CheckpointOptions, type CheckpointStore, type TrainingEvent } from '../src/index.ts';
import { thisProcess } from '../src/lock-holder.node.ts';
import { FrailDisk, PowerCut, type Survival } from './support/frail-disk.ts';
import { runTiny } from './support/tiny-run.ts';

const PLACE = '/runs/tiny/checkpoints';
/** No process of this machine has it: a lock that it left is a dead run's. */
const DEAD_PID = 2 ** 30;

/** A store on the disk, as a process of its own would open it. */
function storeOn(disk: FrailDisk): CheckpointStore {
  const lock = () => lockFolderOn(disk, PLACE, { ...thisProcess(), pid: DEAD_PID });
  return checkpointStore({ ...folderFiles(PLACE, disk), lock });
}

/** A run of four steps with two checkpoints, of which one is kept and one deleted. */
async function run(disk: FrailDisk, options: Partial<CheckpointOptions> = {}) {
  const events: TrainingEvent[] = [];
  const checkpoints = { store: storeOn(disk), everySteps: 2, everyEpochs: 0, keep: 1, ...options };
  const running = runTiny({ checkpoints, maxSteps: 4 }, { noise: 0.1 }, { onEvent: (event) => events.push(event) });
  const outcome = await running.then(
    ({ steps }) => steps,
    (error: unknown) => error,
  );
  const saved = events.flatMap((event) => (event.type === 'checkpoint' ? [event.step] : []));
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  return { outcome, saved, warnings };
}

async function newestOn(disk: FrailDisk): Promise<number> {
  return (await storeOn(disk).list()).complete[0]?.step ?? 0;
}

describe('a run whose machine loses its power', () => {
  it.each<[string, (operation: number) => Survival]>([
    ['only what was flushed', () => 'flushed only'],
    ['all, as when a process is killed, or some of the rest', (at) => (at % 2 === 0 ? 'everything' : 'at random')],
  ])(
    'at any operation of the disk, where %s outlives it, loses the steps since the last checkpoint and nothing else',
    async (_what, survival) => {
      const { steps: whole } = await runTiny({ maxSteps: 4 });
      const count = await countOperations();
      expect(count).toBeGreaterThan(60);
      const newest: number[] = [];
      for (let operation = 1; operation <= count; operation++) {
        const draw = random({ seed: operation, stream: 'power', index: 0 });
        const disk = new FrailDisk();
        // a write that is cut off has written a part of its bytes
        disk.fault = (what, _path, at) =>
          at !== operation ? undefined : what === 'write' ? draw.uniform() : disk.cut();
        const cut = await run(disk);
        // in the last moments the run is over and only deletes what it no longer needs
        if (Array.isArray(cut.outcome)) expect(cut.saved.at(-1), `operation ${operation}`).toBe(4);
        else expect(cut.outcome, `operation ${operation}`).toBeInstanceOf(PowerCut);

        disk.fault = () => undefined;
        disk.restart(survival(operation), () => draw.uniform());
        const from = await newestOn(disk);
        expect(from, `operation ${operation}`).toBeGreaterThanOrEqual(cut.saved.at(-1) ?? 0);
        const resumed = await run(disk);
        expect(resumed.outcome, `operation ${operation}`).toEqual(whole.slice(from));
        expect(await newestOn(disk)).toBe(4);
        newest.push(from);
      }
      expect([...new Set(newest)]).toEqual([0, 2, 4]);
    },
  );

  async function countOperations(): Promise<number> {
    const disk = new FrailDisk();
    await run(disk);
    expect(disk.paths().every((path) => /\/step-00000004\/[a-z]+\.(safetensors|json)$/.test(path))).toBe(true);
    return disk.count;
  }
});
