import { createReferenceEngine, createShapeEngine, readFloat64 } from '@umt/conformance';
import { dropoutFactors, dropPathFactors, initialize, normal, stateDict } from '@umt/nn';
import { random } from '@umt/random';
import { mean, multiply, scope, setEngine, sizeOf, square, sum, tensor, valueAndGrad, type Engine } from '@umt/tensor';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  Classifier,
  classifierConfig,
  classifierParameterShapes,
  createClassifier,
  type ClassifierConfig,
  type ClassifierContext,
} from '../src/index.ts';
import { parameterGradientDeviation } from './gradient-check.ts';

const TINY = classifierConfig('B/16', {
  width: 12,
  depth: 3,
  heads: 2,
  mlpRatio: 2,
  patch: 4,
  imageSize: 8,
  frames: 4,
  tubelet: 2,
  classes: 5,
  dropPath: 0.5,
});

const shapesOf = (config: ClassifierConfig) => {
  setEngine(createShapeEngine());
  return [...new Classifier(config).parameters()].map(([name, { shape }]) => [name, shape] as const);
};

describe('the parameters of a classifier', () => {
  it.each<readonly [string, 'B/16' | 'L/16', Partial<ClassifierConfig>, number, number]>([
    ['B/16 with 710 classes', 'B/16', { classes: 710 }, 162, 86_183_366],
    ['L/16 with 400 classes', 'L/16', {}, 318, 303_484_304],
    ['L/16 with 16 frames', 'L/16', { frames: 16 }, 319, 306_695_568],
    ['L/16 with 8 frames of 384 x 384', 'L/16', { imageSize: 384 }, 319, 308_202_896],
  ])('of %s are those of the reference', (_, size, changes, tensors, elements) => {
    const config = classifierConfig(size, changes);
    const shapes = classifierParameterShapes(config);
    expect(shapes.size).toBe(tensors);
    expect([...shapes.values()].reduce((total, shape) => total + sizeOf(shape), 0)).toBe(elements);
    expect(shapesOf(config)).toEqual([...shapes]);
  });

  it('have the names and shapes of the reference, the position table first where there is one', () => {
    const shapes = [...classifierParameterShapes(classifierConfig('B/16', { imageSize: 384 }))];
    expect(shapes.slice(0, 3)).toEqual([
      ['pos_embed', [1, 4608, 768]],
      ['patch_embed.proj.weight', [768, 3, 1, 16, 16]],
      ['patch_embed.proj.bias', [768]],
    ]);
    expect(shapes.slice(-5)).toEqual([
      ['blocks.11.mlp.fc2.bias', [768]],
      ['fc_norm.weight', [768]],
      ['fc_norm.bias', [768]],
      ['head.weight', [400, 768]],
      ['head.bias', [400]],
    ]);
    const names = [...classifierParameterShapes(classifierConfig('B/16', { pooling: 'first-token' })).keys()];
    expect(names.slice(-4)).toEqual(['norm.weight', 'norm.bias', 'head.weight', 'head.bias']);
    expect(names).not.toContain('pos_embed');
  });

  it('of 14-pixel patches include no table at 224 x 224, where pre-training has 2048 positions', () => {
    expect(classifierParameterShapes(classifierConfig('L/16', { patch: 14 })).has('pos_embed')).toBe(false);
    const larger = classifierParameterShapes(classifierConfig('L/16', { patch: 14, imageSize: 336 }));
    expect(larger.get('pos_embed')).toEqual([1, 8 * 24 * 24, 1024]);
  });

  it('of any configuration are those that the module has, in its order', () => {
    const changes = fc.record({
      depth: fc.integer({ min: 1, max: 3 }),
      patch: fc.constantFrom(2, 4, 14),
      imageSize: fc.constantFrom(28, 56),
      frames: fc.constantFrom(2, 8, 16),
      tubelet: fc.constantFrom(1, 2),
      classes: fc.integer({ min: 1, max: 5 }),
      pooling: fc.constantFrom<'mean' | 'first-token'>('mean', 'first-token'),
      qkvBias: fc.boolean(),
      initValues: fc.constantFrom(0, 0.1),
    });
    fc.assert(
      fc.property(changes, (change) => {
        const config = classifierConfig('B/16', { ...TINY, ...change });
        expect(shapesOf(config)).toEqual([...classifierParameterShapes(config)]);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a new classifier', () => {
  it("has the reference's initial values: normal weights, a small head, PyTorch's convolution, unit norms", async () => {
    setEngine(createReferenceEngine());
    const config = classifierConfig('B/16', { ...TINY, width: 48, classes: 40 });
    const state = await stateDict(createClassifier(config, { seed: 1 }));
    const deviation = (name: string) => {
      const { data } = state.get(name) ?? { data: new Float32Array() };
      return Math.sqrt(data.reduce((total, value) => total + value ** 2, 0) / data.length);
    };
    expect(deviation('blocks.1.attn.qkv.weight')).toBeCloseTo(0.02, 3);
    expect(deviation('blocks.2.mlp.fc2.weight')).toBeCloseTo(0.02, 3);
    expect(deviation('head.weight')).toBeCloseTo(0.02 * 0.001, 6);
    const patches = Math.max(...(state.get('patch_embed.proj.weight')?.data ?? []).map(Math.abs));
    expect(patches).toBeLessThanOrEqual(96 ** -0.5);
    expect(patches).toBeGreaterThan(0.95 * 96 ** -0.5);
    for (const [name, { data }] of state) {
      if (/norm\d?\.weight$/.test(name)) expect(new Set(data), name).toEqual(new Set([1]));
      else if (/bias$/.test(name) && !name.startsWith('patch_embed')) expect(new Set(data), name).toEqual(new Set([0]));
    }
  });
});

describe('a classifier', () => {
  let engine: Engine;
  beforeEach(() => setEngine((engine = createReferenceEngine())));

  const video = () =>
    tensor(random({ seed: 1, stream: 'test' }).fillNormal(new Float32Array(2 * 4 * 8 * 8 * 3)), [2, 4, 8, 8, 3]);
  const weights = () => tensor([3, -1, 0.5, 2, 1, -2, 1, 0.3, 1, -1], [2, 5]);
  /** Larger weights than the initial ones, which would hide errors. */
  const build = (changes: Partial<ClassifierConfig> = {}) => {
    const classifier = createClassifier({ ...TINY, ...changes }, { seed: 1 });
    initialize(classifier, 2, (name) => (name === 'pos_embed' ? null : normal(0.3)));
    return classifier;
  };

  it.each<readonly [string, Partial<ClassifierConfig>]>([
    ['mean pooling', {}],
    [
      'first-token pooling, LayerScale and no biases of queries and values',
      { pooling: 'first-token', initValues: 0.5, qkvBias: false },
    ],
  ])('with %s has the gradients of finite differences, for all parameters but its positions', (_, changes) => {
    const classifier = build(changes);
    const [clip, factors] = [video(), weights()];
    const { pos_embed, dropPathRates } = classifier;
    expect(pos_embed?.trainable).toBe(false);
    const dropout = tensor(dropoutFactors({ seed: 1, step: 3, samples: [0, 1], width: 12, rate: 0.25 }), [2, 12]);
    const dropPath = tensor(dropPathFactors({ seed: 1, step: 1, samples: [0, 1], rates: dropPathRates }), [3, 2, 2]);
    const loss = () =>
      scope(() => sum(multiply(square(classifier.forward(clip, { dropout, dropPath }).logits), factors)));
    const trained = [...classifier.parameters()].filter(([, { trainable }]) => trainable);
    expect(parameterGradientDeviation(new Map(trained), loss)).toBeLessThan(1e-6);
    const { gradients } = valueAndGrad(loss, pos_embed ? [pos_embed] : []);
    for (const gradient of gradients) expect(new Set(readFloat64(gradient))).toEqual(new Set([0]));
  });

  it('gives what its head reads, and the tokens which that is pooled from', () => {
    const classifier = build();
    const { logits, features, tokens } = classifier.forward(video());
    expect([logits.shape, features.shape, tokens.shape]).toEqual([
      [2, 5],
      [2, 12],
      [2, 8, 12],
    ]);
    expect(readFloat64(classifier.head.forward(features))).toEqual(readFloat64(logits));
    const pooled = classifier.fc_norm?.forward(mean(tokens, { axes: 1 }));
    expect(pooled && readFloat64(pooled)).toEqual(readFloat64(features));
    const first = build({ pooling: 'first-token' }).forward(video());
    expect(readFloat64(first.features).subarray(0, 12)).toEqual(readFloat64(first.tokens).subarray(0, 12));
  });

  it('has the same logits and gradients when blocks are computed again instead of remembered', () => {
    const classifier = build();
    const [clip, factors] = [video(), weights()];
    const run = (context: ClassifierContext) => {
      const { value, gradients } = valueAndGrad(
        () => sum(multiply(classifier.forward(clip, context).logits, factors)),
        [...classifier.parameters().values()],
      );
      return [value, ...gradients].map((one) => readFloat64(one));
    };
    const [plain, recomputed] = [run({}), run({ recomputedBlocks: 2 })];
    for (const [index, values] of plain.entries()) {
      for (const [element, value] of values.entries()) expect(recomputed[index]?.[element]).toBeCloseTo(value, 12);
    }
  });

  it('drops features before the head as it is told, and none without being told', () => {
    const classifier = build({ dropout: 0.5 });
    const { features, logits } = classifier.forward(video());
    const dropout = tensor(dropoutFactors({ seed: 1, step: 0, samples: [4, 7], width: 12, rate: 0.5 }), [2, 12]);
    const dropped = classifier.forward(video(), { dropout });
    expect(readFloat64(dropped.features)).toEqual(readFloat64(features));
    expect(readFloat64(dropped.logits)).toEqual(readFloat64(classifier.head.forward(multiply(features, dropout))));
    expect(readFloat64(classifier.forward(video()).logits)).toEqual(readFloat64(logits));
  });

  it('leaves nothing on the device but its results, and nothing at all when disposed', () => {
    const classifiers = [build(), build({ frames: 16, patch: 1, imageSize: 14 })]; // with a table of its own, and without
    expect(classifiers.map(({ pos_embed }) => pos_embed === null)).toEqual([false, true]);
    const clip = video();
    const before = engine.memory().tensors;
    classifiers[0]?.forward(clip);
    expect(engine.memory().tensors).toBe(before + 3);
    for (const classifier of classifiers) classifier.dispose();
    expect(engine.memory().tensors).toBe(1 + 3);
  });

  it('refuses a video of another size', () => {
    const other = tensor(new Float32Array(2 * 2 * 8 * 8 * 3), [2, 2, 8, 8, 3]);
    expect(() => build().forward(other)).toThrow(
      /classifier: expected a video \[B, 4, 8, 8, 3\], got \[2, 2, 8, 8, 3\]/,
    );
  });
});

describe('a configuration', () => {
  it.each<readonly [string, Partial<ClassifierConfig>, RegExp]>([
    ['no classes', { classes: 0 }, /classes must be a positive integer, got 0/],
    ['an unknown pooling', { pooling: 'cls' as 'mean' }, /pooling must be 'mean' or 'first-token', got 'cls'/],
    ['a dropout rate of 1', { dropout: 1 }, /dropout must be in \[0, 1\), got 1/],
    ['an initial scale that is no number', { initScale: NaN }, /initScale must be a number, got NaN/],
    ['an image that is no multiple of the patch', { imageSize: 225 }, /225x225 does not split/],
  ])('with %s is refused by name', (_, change, message) => {
    expect(() => classifierConfig('B/16', change)).toThrow(message);
  });

  it('of an unknown size is refused', () => {
    expect(() => classifierConfig('H/16' as 'B/16')).toThrow(/size 'H\/16' is none of B\/16, L\/16/);
  });
});
