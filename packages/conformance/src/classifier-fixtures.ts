import { read, setEngine, tensor, type Engine, type Tensor } from '@umt/tensor';
import { Classifier, classifierConfig, type ClassifierConfig } from '@umt/vit';
import { beforeAll, expect, it } from 'vitest';
import fixture from '../fixtures/classifier.json' with { type: 'json' };
import { describeOn } from './describe-engine.ts';
import { loadSynthetic, syntheticVideo } from './synthetic.ts';

/** Largest absolute difference of values. */
const TOLERANCE = 2e-5;

const { img, patch, embed, depth, heads, frames, tubelet, classes } = fixture.config;
const SMALL = classifierConfig('B/16', {
  ...{ width: embed, depth, heads, imageSize: img },
  ...{ patch, frames, tubelet, classes },
});

/**
 * The classifier on one engine against values measured on the reference implementation: its resized position table, and its
 * logits with mean pooling, and with first-token pooling and LayerScale.
 */
export async function describeClassifierFixtures(
  name: string,
  createEngine: () => Engine | Promise<Engine>,
): Promise<void> {
  await describeOn(name, createEngine, (engine) => {
    beforeAll(() => setEngine(engine));

    it('the classifier has the reference positions, and with mean pooling the reference logits', async () => {
      const { positionsShape, positionsChannel0, positionsChannel1, logits } = fixture.meanPooling;
      const classifier = await syntheticClassifier(SMALL);
      const positions = classifier.parameters().get('pos_embed')?.value ?? tensor([], [0]);
      expect(positions.shape).toEqual(positionsShape);
      const values = Array.from(await read(positions), Number);
      const channel = (index: number) => values.filter((_, place) => place % embed === index);
      expect(largestDifference(channel(0), positionsChannel0)).toBeLessThan(TOLERANCE);
      expect(largestDifference(channel(1), positionsChannel1)).toBeLessThan(TOLERANCE);
      await expectLogits(classifier, logits);
    });

    it('the classifier with LayerScale and first-token pooling has the reference names and logits', async () => {
      const { depth, names, logits } = fixture.firstTokenWithLayerScale;
      const classifier = await syntheticClassifier({ ...SMALL, depth, initValues: 1, pooling: 'first-token' });
      const shown = [...classifier.parameters().keys()].filter((key) => !key.startsWith('blocks.1.'));
      expect(shown).toEqual(names);
      await expectLogits(classifier, logits);
    });
  });
}

async function syntheticClassifier(config: ClassifierConfig): Promise<Classifier> {
  const classifier = new Classifier(config);
  await loadSynthetic(classifier);
  return classifier;
}

async function expectLogits(
  classifier: Classifier,
  expected: { readonly shape: readonly number[]; readonly data: readonly number[] },
): Promise<void> {
  const video: Tensor = tensor(syntheticVideo([2, frames, img, img]), [2, frames, img, img, 3]);
  const { logits } = classifier.forward(video);
  expect(logits.shape).toEqual(expected.shape);
  expect(largestDifference(Array.from(await read(logits), Number), expected.data)).toBeLessThan(TOLERANCE);
}

function largestDifference(actual: readonly number[], expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...expected.map((value, index) => Math.abs((actual[index] ?? NaN) - value)));
}
