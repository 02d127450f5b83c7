import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { droppedTokens, hostVisible } from '../src/index.ts';

describe('dropped tokens', () => {
  it('are those of each clip that are not visible, ascending', () => {
    expect(droppedTokens(Int32Array.of(0, 3, 2, 1), 2, 4)).toEqual(Int32Array.of(1, 2, 0, 3));
    expect(droppedTokens(Int32Array.of(0, 1), 1, 2)).toEqual(new Int32Array(0));
  });

  it('and visible ones are all tokens, of any mask', () => {
    const masks = fc.record({
      kind: fc.constantFrom('tube' as const, 'random' as const),
      frames: fc.integer({ min: 1, max: 4 }),
      rows: fc.integer({ min: 1, max: 4 }),
      columns: fc.integer({ min: 1, max: 4 }),
      ratio: fc.double({ min: 0, max: 0.99, noNaN: true }),
      seed: fc.nat(),
      clips: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(masks, ({ kind, ratio, seed, clips, ...grid }) => {
        const tokens = grid.frames * grid.rows * grid.columns;
        const samples = Array.from({ length: clips }, (_, clip) => clip);
        const visible = hostVisible(kind, grid, ratio, { seed, step: 0, samples });
        const dropped = droppedTokens(visible, clips, tokens);
        for (const clip of samples) {
          const part = (list: Int32Array) =>
            list.subarray((clip * list.length) / clips, ((clip + 1) * list.length) / clips);
          const both = [...part(visible), ...part(dropped)].sort((a, b) => a - b);
          expect(both).toEqual(Array.from({ length: tokens }, (_, token) => token));
        }
      }),
    );
  });

  it('cannot be told from numbers that are no tokens, or named twice, or of clips of different lengths', () => {
    expect(() => droppedTokens(Int32Array.of(0, 4), 1, 4)).toThrow(/token 4 is not one of 4/);
    expect(() => droppedTokens(Int32Array.of(0, 1, 2, 2), 2, 4)).toThrow(/clip 1 names 1 of 4 tokens in 2 numbers/);
    expect(() => droppedTokens(Int32Array.of(0, 1, 2), 2, 4)).toThrow(/3 visible tokens do not split into 2 clips/);
  });
});
