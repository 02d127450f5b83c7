import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UnreadableSamplesError } from '@umt/data';
import { pretrainHere } from '../src/node/pretrain-here.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { CLIPS, SMALL } from './small.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-quarantine-'));
  await mkdir(join(folder, 'videos'));
  for (const name of ['box-1', 'cup-1', 'tree-1'])
    await cp(`${CLIPS}/${name}.mp4`, join(folder, 'videos', `${name}.mp4`));
  await writeFile(join(folder, 'videos', 'a-broken.mp4'), 'not a video');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Trains up to a step from what is in the folder; gives its warnings. */
async function trainTo(maxSteps: number, maxUnreadableShare = 0.01, overwrite = false): Promise<readonly string[]> {
  const config = pretrainTiny({
    ...SMALL,
    device: 'wasm',
    output: join(folder, 'run'),
    data: { ...SMALL.data, heldOut: 0, path: join(folder, 'videos'), maxUnreadableShare },
    schedule: { epochs: 4, warmupEpochs: 0, maxSteps },
    batch: { size: 4, accumulation: 1 },
    report: { clips: 0, evaluateEverySteps: null },
  });
  const warnings: string[] = [];
  await pretrainHere(
    { config, overwrite, program: 'umt' },
    {
      emit: (event) => void (event.type === 'warning' && warnings.push(event.message)),
      stopSignal: new AbortController().signal,
    },
  );
  return warnings;
}

test('a run lists a broken video beside itself, remembers it, ends where the share allows none, and forgets with the list', async () => {
  const quarantine = join(folder, 'run', 'quarantine.jsonl');
  const broken = join(folder, 'videos', 'a-broken.mp4');
  expect(await trainTo(2)).toEqual([expect.stringMatching(/a-broken\.mp4.*; another video takes its place$/)]);
  const lines = (await readFile(quarantine, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    { path: broken, kind: 'not-video', message: expect.stringContaining('a-broken.mp4') },
  ]);

  // Were it tried again it would now be read, and nothing said of it.
  await cp(`${CLIPS}/street-1.mp4`, broken);
  expect(await trainTo(3)).toEqual([
    `1 video that could not be read before will not be tried again; to try again, delete ${quarantine}`,
  ]);
  const refused = trainTo(4, 0);
  await expect(refused).rejects.toThrow(UnreadableSamplesError);
  await expect(refused).rejects.toThrow(
    `1 of 4 videos (25 %) could not be read, more than the 0 % of maxUnreadableShare; all are in ${quarantine}:`,
  );
  await rm(quarantine);
  expect(await trainTo(4, 0)).toEqual([]);
  await writeFile(quarantine, `${lines.join('\n')}\n`);
  expect(await trainTo(1, 0, true)).toEqual([]); // --overwrite begins with nothing known
});
