import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from './ranks/bundle.ts';
import { expectLossIsTold } from './ranks/killed.ts';

// All of what ranks.test.ts shows some of.
test('whichever rank is killed, at whichever step and over whatever moves tensors, is named by all others', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'umt-ranks-'));
  const program = await bundle('./killed-program.ts', folder);
  let killings = 0;
  for (const isOverRing of [false, true]) {
    for (const worldSize of [2, 4]) {
      for (let rank = 0; rank < worldSize; rank++) {
        for (const step of [1, 4, 7]) {
          const runs = join(folder, String(killings++));
          await expectLossIsTold(program, runs, { worldSize, rank, step, isOverRing });
        }
      }
    }
  }
  expect(killings).toBe(36);
  await rm(folder, { recursive: true, force: true });
});
