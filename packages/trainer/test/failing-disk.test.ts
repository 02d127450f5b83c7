import { rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderFiles } from '../src/folder-store.node.ts';
import {
  checkpointStore,
  CheckpointWriteError,
  folderStore,
  type CheckpointOptions,
  type TrainingEvent,
} from '../src/index.node.ts';
import { failure, FrailDisk, type Fault } from './support/frail-disk.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { runTiny } from './support/tiny-run.ts';

const PLACE = '/runs/tiny/checkpoints';

/** A run with a checkpoint every two steps on a disk that fails at operations of the test's choice. */
async function run(fault: Fault, options: Partial<CheckpointOptions> = {}) {
  const disk = new FrailDisk();
  disk.fault = fault;
  const events: TrainingEvent[] = [];
  const store = checkpointStore(folderFiles(PLACE, disk));
  const checkpoints = { store, everySteps: 2, everyEpochs: 0, ...options };
  const running = runTiny({ checkpoints, maxSteps: 10 }, undefined, { onEvent: (event) => events.push(event) });
  const outcome = await running.then(
    ({ steps }) => steps,
    (error: unknown) => error,
  );
  disk.fault = () => undefined;
  return {
    outcome,
    disk,
    saved: events.flatMap((event) => (event.type === 'checkpoint' ? [event.step] : [])),
    warnings: events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
    left: (await store.list()).complete.map(({ step }) => step),
  };
}

/** Fails every operation of a kind while a checkpoint of one of these steps is written. */
function fails(code: string, operation: string, ...steps: readonly number[]): Fault {
  return (what, path) => {
    if (what === operation && steps.some((step) => path.includes(`step-${String(step).padStart(8, '0')}`)))
      throw failure(code, path);
    return undefined;
  };
}

describe('a checkpoint that cannot be written', () => {
  it('does not end the run: it is told of, older ones stay whole, and the next one tries again', async () => {
    const { steps: whole } = await runTiny({ maxSteps: 10 });
    const { outcome, saved, warnings, left, disk } = await run(fails('ENOSPC', 'write', 4, 6));
    expect(outcome).toEqual(whole);
    expect(saved).toEqual([2, 8, 10]);
    expect(left).toEqual([10, 8, 2]);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(
      /^the checkpoint of step 4 cannot be written to \/runs\/tiny\/checkpoints: the disk is full \(ENOSPC\); it takes [\d.]+ kB: free space, or keep fewer checkpoints\. The one of step 2 is whole; training goes on and the next checkpoint tries again \(failure 1 of 3\)$/,
    );
    // what was half-written takes no space
    expect(disk.paths().filter((path) => path.includes('/.'))).toEqual([]);
  });

  it.each([
    ['ENOSPC', 'write', /the disk is full/],
    ['EROFS', 'mkdir', /the file system is read-only .* make it writable, or choose another folder/],
    ['EACCES', 'mkdir', /writing is not permitted/],
    ['ENOENT', 'create', /the folder vanished/],
    ['EIO', 'flush', /the device fails/],
    ['EIO', 'rename', /the device fails/],
  ])('for good (%s at every %s) ends it after three in a row, in one line', async (code, operation, message) => {
    const { outcome, saved, warnings, left } = await run(fails(code, operation, 4, 6, 8, 10));
    expect(outcome).toBeInstanceOf(CheckpointWriteError);
    expect(String(outcome)).toMatch(message);
    expect(String(outcome)).not.toContain('\n');
    expect([saved, left]).toEqual([[2], [2]]);
    expect(warnings).toHaveLength(2);
  });

  it('at the end ends the run with an error: what it would lose is not lost in silence', async () => {
    const { outcome, left } = await run(fails('ENOSPC', 'flush', 10), { maxFailedInARow: 5 });
    expect(outcome).toBeInstanceOf(CheckpointWriteError);
    expect(left).toEqual([8, 6, 4]);
  });

  it('at any single operation costs nothing but itself, and a run on the same disk goes on', async () => {
    const { steps: whole } = await runTiny({ maxSteps: 10 });
    const sound = await run(() => undefined);
    for (let operation = 7; operation < sound.disk.count; operation += 7) {
      const failing = await run((_what, path, at) => {
        if (at === operation) throw failure('EIO', path);
        return undefined;
      });
      if (failing.outcome instanceof CheckpointWriteError) continue; // it was the last one
      expect(failing.outcome, `operation ${operation}`).toEqual(whole);
      expect(failing.left[0], `operation ${operation}`).toBe(10);
    }
  });

  it('because its folder became a file is told of in the words of the real system', async () => {
    const folder = join(await temporaryFolder(), 'run', 'checkpoints');
    const onEvent = (event: TrainingEvent) => {
      if (event.type !== 'checkpoint') return;
      rmSync(folder, { recursive: true });
      writeFileSync(folder, 'no folder');
    };
    const checkpoints = { store: folderStore(folder), everySteps: 2, everyEpochs: 0 };
    await expect(runTiny({ checkpoints }, undefined, { onEvent })).rejects.toThrow(/a part of its path is no folder/);
  });

  it('because its folder was deleted is written to a new one', async () => {
    const folder = join(await temporaryFolder(), 'run', 'checkpoints');
    const onEvent = (event: TrainingEvent) => {
      if (event.type === 'checkpoint' && event.step < 15) rmSync(join(folder, '..'), { recursive: true });
    };
    const checkpoints = { store: folderStore(folder), everySteps: 5, everyEpochs: 0 };
    const { result } = await runTiny({ checkpoints }, undefined, { onEvent });
    expect(result.outcome).toBe('done');
    expect(await readdir(folder)).toContain('step-00000015');
  });

  it.skipIf(process.getuid?.() === 0)(
    'because its folder is read-only ends the run before its first step',
    async () => {
      const folder = join(await temporaryFolder(), 'checkpoints');
      await mkdir(folder);
      await chmod(folder, 0o500);
      await expect(runTiny({ checkpoints: { store: folderStore(folder) } })).rejects.toThrow(
        /writing is not permitted/,
      );
    },
  );
});
