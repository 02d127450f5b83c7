import { expect, it } from 'vitest';
import { accuracies, frameFeatures, poolFrames, trainLinearHead } from '../../../bench/frame-bag.mjs';
import { orderBlindCeiling, renderSpriteClip, type SpriteClass, type SpriteSplit } from '../src/index.ts';

// A slice of bench/sprite-actions.mjs: three pairs of classes, small pictures, and in place of a video model a head that sees
// the halves of a clip apart.

const CLASSES: readonly SpriteClass[] = ['move-right', 'move-left', 'grow', 'shrink', 'approach', 'part'];
const PARTNERS = [1, 0, 3, 2, 5, 4];
const SIZE = 24;

/** Clips of all classes by their frames' features. */
function clipsOf(split: SpriteSplit, each: number) {
  return CLASSES.flatMap((spriteClass, label) =>
    Array.from({ length: each }, (_, index) => {
      const { rgb, frames } = renderSpriteClip({ spriteClass, split, seed: 1, index, size: SIZE, frames: 8 });
      const length = SIZE * SIZE * 3;
      const seen = Array.from({ length: frames }, (_, at) =>
        frameFeatures(rgb.subarray(at * length, (at + 1) * length), SIZE),
      );
      return { label, frames: seen };
    }),
  );
}

it('a bag of frames tells nothing between partners, and the halves of a clip in order do', () => {
  const [train, test] = [clipsOf('train', 32), clipsOf('test', 15)];
  const measure = (features: (frames: readonly Float32Array[]) => Float32Array) => {
    const labels = train.map(({ label }) => label);
    const inputs = train.map(({ frames }) => features(frames));
    const head = trainLinearHead(inputs, labels, CLASSES.length, 10);
    const scores = test.map(({ frames }) => head(features(frames)));
    return accuracies(
      scores,
      test.map(({ label }) => label),
      PARTNERS,
    );
  };
  const bag = measure(poolFrames);
  const halves = measure((frames) => {
    const [early, late] = [poolFrames(frames.slice(0, 4)), poolFrames(frames.slice(4))];
    return early.map((value, place) => value - (late[place] ?? 0));
  });
  expect(bag.withinPairs).toBe(0.5);
  expect(bag.top1).toBeLessThanOrEqual(orderBlindCeiling(CLASSES));
  expect(halves.withinPairs).toBeGreaterThan(0.8);
});
