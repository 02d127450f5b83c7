import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf, PackProgram } from './pack-threads.ts';

const program = new PackProgram();
beforeAll(() => program.prepare());
afterAll(() => program.dispose());

test('the same bytes come of any number of threads, and of packing that was killed and gone on with', async () => {
  const at = (name: string) => join(program.folder, name);
  const here = await program.run(at('here'), 0);
  expect(here.events.at(-1)).toMatchObject({ type: 'result', samples: 7, frames: 21, broken: 1 });
  expect(here.events.filter(({ type }) => type === 'thread')).toEqual([]);
  const whole = await digestOf(at('here'));
  expect(Object.keys(whole).filter((name) => name.endsWith('.tar')).length).toBeGreaterThan(2);

  const threads = await program.run(at('threads'), 3);
  expect(threads.events.filter(({ type }) => type === 'thread')).toHaveLength(3);
  expect(await digestOf(at('threads'))).toEqual(whole);

  let runs = 0;
  for (const killAt of [5, 7, Infinity]) {
    const { events, code } = await program.run(at('killed'), 2, killAt);
    expect(code).toBe(killAt === Infinity ? 0 : null);
    if (runs++ === 2) expect(events.map(({ type }) => type)).toContain('resume');
  }
  expect(await digestOf(at('killed'))).toEqual(whole);
});
