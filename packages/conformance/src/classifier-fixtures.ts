import {
  dispose,
  mean,
  oneHot,
  read,
  readScalar,
  scope,
  setEngine,
  softmaxCrossEntropy,
  tensor,
  valueAndGrad,
  type Engine,
  type Tensor,
} from '@umt/tensor';
import { Classifier, classifierConfig, type ClassifierConfig } from '@umt/vit';
import { beforeAll, describe, expect, it } from 'vitest';
import gradientFixture from '../fixtures/classifier-gradients.json' with { type: 'json' };
import fixture from '../fixtures/classifier.json' with { type: 'json' };
import { describeOn } from './describe-engine.ts';
import { loadSynthetic, syntheticVideo } from './synthetic.ts';

/** Largest absolute difference of values. */
const TOLERANCE = 2e-5;
/** Largest relative difference of gradient norms. */
const GRADIENT_TOLERANCE = 1e-4;

const { img, patch, embed, depth, heads, frames, tubelet, classes } = fixture.config;
const SMALL = classifierConfig('B/16', {
  ...{ width: embed, depth, heads, imageSize: img },
  ...{ patch, frames, tubelet, classes },
});
const CASES = {
  meanPooling: SMALL,
  firstTokenWithLayerScale: { ...SMALL, depth: 2, initValues: 1, pooling: 'first-token' },
} as const satisfies Record<string, ClassifierConfig>;

/**
 * The classifier on one engine against values measured on the reference implementation, with mean pooling, and with first-token
 * pooling and LayerScale: its names, its resized position table and its logits; and against PyTorch's cross-entropy and the
 * norm of every gradient.
 */
export async function describeClassifierFixtures(
  name: string,
  createEngine: () => Engine | Promise<Engine>,
): Promise<void> {
  await describeOn(name, createEngine, (engine) => {
    describe.each(['meanPooling', 'firstTokenWithLayerScale'] as const)('the classifier with %s', (variant) => {
      let classifier: Classifier;
      let video: Tensor;

      beforeAll(async () => {
        setEngine(engine);
        classifier = new Classifier(CASES[variant]);
        await loadSynthetic(classifier);
        video = tensor(syntheticVideo([2, frames, img, img]), [2, frames, img, img, 3]);
      });

      it('has the reference positions and names', async () => {
        const { positionsShape, positionsChannel0, positionsChannel1 } = fixture.meanPooling;
        const positions = classifier.parameters().get('pos_embed')?.value ?? video;
        expect(positions.shape).toEqual(positionsShape);
        const values = Array.from(await read(positions), Number);
        const channel = (index: number) => values.filter((_, place) => place % embed === index);
        expect(largestDifference(channel(0), positionsChannel0)).toBeLessThan(TOLERANCE);
        expect(largestDifference(channel(1), positionsChannel1)).toBeLessThan(TOLERANCE);
        const names = [...classifier.parameters().keys()];
        const expected = ['pos_embed', ...Object.keys(gradientFixture[variant].gradientNorms)];
        expect([...names].sort()).toEqual(expected.sort());
        if (variant === 'firstTokenWithLayerScale') {
          // the fixture lists the first block alone
          expect(names.filter((key) => !key.startsWith('blocks.1.'))).toEqual(fixture[variant].names);
        }
      });

      it('gives the reference logits', async () => {
        const { logits } = scope(() => classifier.forward(video));
        expect(logits.shape).toEqual(fixture[variant].logits.shape);
        const values = Array.from(await read(logits), Number);
        expect(largestDifference(values, fixture[variant].logits.data)).toBeLessThan(TOLERANCE);
      });

      it("has PyTorch's cross-entropy and the norm of every gradient", async () => {
        const { loss, gradientNorms } = gradientFixture[variant];
        const trained = [...classifier.parameters()].filter(([, { trainable }]) => trainable);
        const labels = oneHot(tensor(Int32Array.from(gradientFixture.labels), [2]), classes);
        const { value, gradients } = valueAndGrad(
          () => scope(() => mean(softmaxCrossEntropy(classifier.forward(video).logits, labels))),
          trained.map(([, parameter]) => parameter),
        );
        expect(Math.abs((await readScalar(value)) - loss)).toBeLessThan(TOLERANCE);
        const expected = new Map(Object.entries(gradientNorms));
        for (const [index, [key]] of trained.entries()) {
          const gradient = gradients[index];
          const norm = gradient ? Math.hypot(...Array.from(await read(gradient), Number)) : NaN;
          const relative = Math.abs(norm / (expected.get(key) ?? NaN) - 1);
          expect(relative, `${key}: ${norm} against ${expected.get(key)}`).toBeLessThan(GRADIENT_TOLERANCE);
        }
        dispose([value, gradients, labels]);
      });
    });
  });
}

function largestDifference(actual: readonly number[], expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...expected.map((value, index) => Math.abs((actual[index] ?? NaN) - value)));
}
