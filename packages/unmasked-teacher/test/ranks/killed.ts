import { expect } from 'vitest';
import { launch } from './launch.ts';

/** A run, and which of its processes kills itself after which step. */
export interface Killing {
  readonly worldSize: number;
  readonly rank: number;
  readonly step: number;
  /** Over the ring; else over what the processes take by themselves. */
  readonly isOverRing: boolean;
}

/**
 * Expects all others to say within seconds who was killed, and to end.
 * @param program the bundled killed-program.ts
 * @param runs the folder of its checkpoints
 */
export async function expectLossIsTold(program: string, runs: string, killing: Killing): Promise<void> {
  const { worldSize, rank, step, isOverRing } = killing;
  const environment = isOverRing ? { UMT_COLLECTIVE: 'ring' } : {};
  const processes = await launch([program, runs, `${rank}:${step}`], worldSize, environment);
  const ended = await Promise.all(processes.map((one) => one.ended));
  const died = ended[rank];
  expect(died?.code).toBe(null);
  for (const { code, err, at } of ended.filter((one) => one !== died)) {
    expect(err.trim().split('\n').at(-1)).toBe(
      `LostRankError: torch: rank ${rank} of ${worldSize} is gone: its process ended, see what it printed; start the run again to resume from its last checkpoint`,
    );
    expect(code).toBe(1);
    expect(at - (died?.at ?? NaN)).toBeLessThan(8_000);
  }
}
