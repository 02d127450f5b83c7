import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { random } from '@umt/random';
import { digestOf, PackProgram } from './pack-threads.ts';

const program = new PackProgram();
beforeAll(() => program.prepare());
afterAll(() => program.dispose());

test('packing that is killed at any of 60 random moments ends in the same bytes', async () => {
  const at = (name: string) => join(program.folder, name);
  await program.run(at('whole'), 0);
  const whole = await digestOf(at('whole'));
  const draw = random({ seed: 1, stream: 'kills' });
  for (let kills = 0, set = 0; kills < 60; set++) {
    for (;;) {
      const { code } = await program.run(at(`set-${set}`), draw.integer(0, 3), draw.integer(1, 14));
      if (code === 0) break;
      kills++;
    }
    expect(await digestOf(at(`set-${set}`))).toEqual(whole);
  }
});
