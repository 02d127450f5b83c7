import { describe, expect, it } from 'vitest';
import { runExample } from './run-example.ts';

/** What follows a name in each line that reports a step. */
const valuesOf = (printed: string, name: string) =>
  [...printed.matchAll(/^step .*$/gm)].map(([line]) => Number(new RegExp(`${name} ([\\d.]+)`).exec(line)?.[1]));

describe('examples of other stage-1 models', () => {
  it('videomae predicts hidden pixels better than their mean', async () => {
    const printed = await runExample('videomae', 'assets/clips', '60');
    const losses = valuesOf(printed, 'loss');
    expect(losses).toHaveLength(7);
    expect(losses[0]).toBeGreaterThan(1);
    const late = losses.slice(-3);
    expect(late.reduce((sum, loss) => sum + loss) / late.length).toBeLessThan(0.985);
    expect(printed).toContain('done after 60 steps');
  }, 120_000);

  it('custom-teacher learns from an image encoder and a video encoder at once', async () => {
    const printed = await runExample('custom-teacher', 'assets/clips', '40');
    for (const name of ['loss/appearance', 'loss/motion']) {
      const losses = valuesOf(printed, name);
      expect(losses).toHaveLength(5);
      expect(losses.at(-1), name).toBeLessThan(0.95 * (losses[0] ?? 0));
    }
    expect(printed).toContain('done after 40 steps');
  }, 120_000);
});
