import type { CheckpointTensor } from '@umt/checkpoint';
import { arraySource, type NamedArray } from '@umt/nn';
import { loadEngine } from '@umt/runtime';
import { setEngine, type Engine } from '@umt/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runForward } from '../src/forward/run-forward.ts';
import {
  classifier,
  featureInput,
  largestDifference,
  maskInput,
  SHAPES,
  SPECS,
  stage1,
  syntheticWeights,
  videoInput,
  videoMae,
} from './forward-models.ts';

/** Largest absolute difference of float32 outputs from the reference's. */
const TOLERANCE = 2e-5;
/** Largest relative difference of gradient norms. */
const GRADIENT_TOLERANCE = 1e-4;

type Model = keyof typeof SPECS;

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' }));
  setEngine(engine);
});
afterAll(() => {
  setEngine(undefined);
  engine.dispose();
});

const weightsOf = (model: Model) => arraySource(syntheticWeights(SHAPES[model]));

function run(
  model: Model,
  inputs: Parameters<typeof runForward>[0]['inputs'],
  { gradients = false, spec = SPECS[model] as unknown } = {},
) {
  return runForward({ spec, specName: 'spec.json', weights: weightsOf(model), inputs, gradients });
}

function expectClose(actual: NamedArray | undefined, expected: readonly number[], shape?: readonly number[]): void {
  if (shape) expect(actual?.shape).toEqual(shape);
  expect(largestDifference(actual?.data, expected)).toBeLessThan(TOLERANCE);
}

/** The fixtures' target: the teacher's features of the visible tokens. */
function alignedInput(): CheckpointTensor {
  const { shape, data } = featureInput();
  const source = data as Float32Array;
  const rows = [0, 1].flatMap((layer) =>
    stage1.student.visibleIndices.flatMap((tokens, clip) =>
      tokens.flatMap((token) => {
        const start = ((layer * 2 + clip) * 32 + token) * 10;
        return Array.from(source.subarray(start, start + 10));
      }),
    ),
  );
  return { dtype: 'F32', shape: [2, 2, 8, shape[3] ?? 0], data: Float32Array.from(rows) };
}

describe('umt-pretrain', () => {
  test('gives the reference outputs, losses and gradients', async () => {
    const inputs = { video: videoInput(2), mask: maskInput(), target: alignedInput() };
    const { tensors } = await run('student', inputs, { gradients: true });
    const { output } = stage1.student;
    expectClose(tensors.get('output'), output.data, output.shape);
    for (const [kind, loss] of Object.entries(stage1.losses)) expectClose(tensors.get(`loss.${kind}`), [loss], []);

    const gradients = [...tensors].filter(([name]) => name.startsWith('grad.'));
    expect(gradients.map(([name]) => name.slice(5)).sort()).toEqual(Object.keys(stage1.gradientNorms).sort());
    for (const [name, expected] of Object.entries(stage1.gradientNorms)) {
      const { shape, data } = tensors.get(`grad.${name}`) ?? { shape: [], data: [] };
      expect(shape, name).toEqual(SHAPES.student.get(name));
      expect(Math.abs(Math.hypot(...data) / expected - 1), name).toBeLessThan(GRADIENT_TOLERANCE);
    }
  });

  test('takes the visible tokens of a target that has all, and a mask of any type', async () => {
    const mask = { dtype: 'I64', shape: [2, 2, 4, 4], data: BigInt64Array.from(maskInput().data, BigInt) } as const;
    const { tensors } = await run('student', { video: videoInput(2), mask, target: featureInput() });
    expectClose(tensors.get('loss.l2'), [stage1.losses.l2]);
    expect([...tensors.keys()]).toEqual(['output', 'loss.l2', 'loss.mse', 'loss.smooth_l1']);
  });

  test('without a mask sees all tokens', async () => {
    const { tensors } = await run('student', { video: videoInput(2) });
    expect(tensors.get('output')?.shape).toEqual([2, 2, 32, 10]);
  });
});

describe('clip-vision', () => {
  test('gives the reference features and attention, and losses of a target', async () => {
    const { tensors } = await run('teacher', { video: videoInput(2), target: featureInput() });
    const { features, attention } = stage1.teacher;
    expectClose(tensors.get('output'), features.data, features.shape);
    expectClose(tensors.get('attention'), attention.data, attention.shape);
    expectClose(tensors.get('loss.l2'), [0]);
  });

  test('returns attention unless it is told not to', async () => {
    const spec = { ...SPECS.teacher, config: { ...SPECS.teacher.config, return_attn: false } };
    expect([...(await run('teacher', { video: videoInput(2) }, { spec })).tensors.keys()]).toEqual(['output']);
  });

  test('refuses a mask that leaves more patches of one frame than of another', async () => {
    const data = Uint8Array.from(maskInput().data, Number);
    data.set([1], 0); // of the first clip's first frame three are left, of its second five
    data.set([0], 17);
    await expect(run('teacher', { video: videoInput(2), mask: { dtype: 'U8', shape: [2, 32], data } })).rejects.toThrow(
      'mask: clip-vision looks at frames one by one; leave as many patches of every frame',
    );
  });
});

describe('video-classifier', () => {
  test.each([
    ['classifier', classifier.meanPooling.logits],
    ['firstToken', classifier.firstTokenWithLayerScale.logits],
  ] as const)('%s gives the reference logits, its positions interpolated', async (model, logits) => {
    const { tensors } = await run(model, { video: videoInput(2) });
    expectClose(tensors.get('output'), logits.data, logits.shape);
  });

  test('gives the cross entropy of class numbers of any integer type, and no gradient of the position table', async () => {
    const target = { dtype: 'I64', shape: [2], data: BigInt64Array.of(5n, 2n) } as const;
    const { tensors } = await run('classifier', { video: videoInput(2), target }, { gradients: true });
    const rows = [0, 1].map((row) => classifier.meanPooling.logits.data.slice(row * 7, row * 7 + 7));
    const entropy = (logits: readonly number[], label: number) =>
      Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[label] ?? NaN);
    expectClose(tensors.get('loss.cross_entropy'), [(entropy(rows[0] ?? [], 5) + entropy(rows[1] ?? [], 2)) / 2], []);
    expect(new Set(tensors.get('grad.pos_embed')?.data)).toEqual(new Set([0]));
    // a bias adds to a logit: its gradient is probability minus target, averaged over the clips
    const bias = tensors.get('grad.head.bias')?.data ?? [];
    expect(Array.from(bias).reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
    expect(bias[5]).toBeLessThan(0);
  });

  test('is loaded strictly', async () => {
    const spec = (changes: object) => ({ ...SPECS.classifier, config: { ...SPECS.classifier.config, ...changes } });
    const video = videoInput(2);
    const { tensors } = engine.memory();
    for (const [changes, message] of [
      [{ num_classes: 5 }, /2 of another shape \(head\.weight is \[7, 24\] where the model has \[5, 24\]/],
      [{ depth: 4 }, /13 missing \(blocks\.3\./],
      [{ depth: 2 }, /13 unexpected \(blocks\.2\./],
      [{ use_mean_pooling: false }, /2 missing \(norm\.weight, norm\.bias\); 2 unexpected \(fc_norm/],
    ] as const) {
      await expect(run('classifier', { video }, { spec: spec(changes) })).rejects.toThrow(message);
    }
    expect(engine.memory().tensors).toBe(tensors);
  });
});

test('videomae-pretrain gives the reference pixels, and their loss against the video’s own', async () => {
  const { tensors } = await run('videoMae', { video: videoInput(4), mask: maskInput() });
  const output = tensors.get('output');
  expect(output?.shape).toEqual(videoMae.outputShape);
  const values = Array.from(output?.data ?? []);
  expect(largestDifference(values.slice(0, 8), videoMae.firstOutput)).toBeLessThan(TOLERANCE);
  expect(largestDifference(values.slice(-8), videoMae.lastOutput)).toBeLessThan(TOLERANCE);
  expectClose(tensors.get('loss.mse'), [videoMae.standardizedLoss], []);
  const target = { dtype: 'F32', shape: [2, 24, 1536], data: Float32Array.from(values) } as const;
  const same = await run('videoMae', { video: videoInput(4), mask: maskInput(), target });
  expect([...same.tensors.keys()]).toEqual(['output', 'loss.l2', 'loss.mse', 'loss.smooth_l1']);
  expect(same.tensors.get('loss.mse')?.data[0]).toBe(0);
});

describe('a description', () => {
  test('may leave out what the constructors have defaults for, and what the weights tell', async () => {
    const { img_size, embed_dim, depth, num_heads, num_classes, all_frames, tubelet_size } = SPECS.firstToken.config;
    const given = { img_size, embed_dim, depth, num_heads, num_classes, all_frames, tubelet_size };
    const spec = { type: 'video-classifier', config: { ...given, use_mean_pooling: false, qkv_bias: null } };
    const { tensors, spec: read } = await run('firstToken', { video: videoInput(2) }, { spec });
    expectClose(tensors.get('output'), classifier.firstTokenWithLayerScale.logits.data);
    expect(read.config).toMatchObject({ patch_size: 16, mlp_ratio: 4, qkv_bias: true, init_values: 1 });
  });

  test.each([
    [
      { type: 'umt' },
      'spec.json: type must be one of umt-pretrain, clip-vision, video-classifier, videomae-pretrain, not "umt"',
    ],
    [[], 'spec.json: a model is described by {"type": ..., "config": {...}}, not []'],
    [{ type: 'umt-pretrain', config: 3 }, 'config must be an object with img_size, '],
    [{ type: 'umt-pretrain', confg: {} }, 'spec.json: confg is not a field; did you mean config?'],
    [
      { type: 'umt-pretrain', config: { encoder_dept: 3 } },
      'config.encoder_dept is not a field; did you mean config.encoder_depth?',
    ],
    [
      { type: 'umt-pretrain', config: { img_size: '64' } },
      'config.img_size must be a whole number from 1 on, not "64"',
    ],
    [
      { type: 'umt-pretrain', config: { clip_norm_type: 'L2' } },
      'config.clip_norm_type must be one of l2, none, not "L2"',
    ],
    [
      { ...SPECS.student, config: { ...SPECS.student.config, clip_decoder_embed_dim: 12 } },
      'config.clip_decoder_embed_dim must be encoder_embed_dim (24)',
    ],
    [
      { ...SPECS.student, config: { ...SPECS.student.config, encoder_num_heads: 5 } },
      /^spec\.json: student: heads must divide width/,
    ],
    [{ ...SPECS.student, config: { ...SPECS.student.config, img_size: 60 } }, /^spec\.json: /],
    [
      { ...SPECS.student, config: { ...SPECS.student.config, qkv_bias: false } },
      /8 unexpected \(encoder\.blocks\.0\.attn\.q_bias/,
    ],
  ])('%j is answered in one line', async (spec, message) => {
    await expect(run('student', { video: videoInput(2), mask: maskInput() }, { spec })).rejects.toThrow(message);
  });
});

describe('inputs', () => {
  const zeros = (shape: readonly number[]): CheckpointTensor => ({
    dtype: 'F32',
    shape,
    data: new Float32Array(shape.reduce((product, length) => product * length, 1)),
  });
  const mask = (data: readonly number[], shape: readonly number[]): CheckpointTensor => ({
    dtype: 'U8',
    shape,
    data: Uint8Array.from(data),
  });
  const uneven = Array.from({ length: 64 }, (_, token) => (token < 40 ? 1 : 0));

  test.each<[string, Parameters<typeof runForward>[0]['inputs'], string]>([
    [
      'channels last',
      { video: zeros([2, 2, 64, 64, 3]) },
      'video: expected [B, 3, 2, 64, 64], got [2, 2, 64, 64, 3]; its channels come second',
    ],
    [
      'too many frames',
      { video: zeros([2, 3, 4, 64, 64]) },
      'video: expected [B, 3, 2, 64, 64], got [2, 3, 4, 64, 64]',
    ],
    ['no batch', { video: zeros([3, 2, 64, 64]) }, 'video: expected [B, 3, 2, 64, 64], got [3, 2, 64, 64]'],
    [
      'a short mask',
      { video: videoInput(2), mask: mask(new Array(32).fill(0), [1, 32]) },
      'mask: expected [2, 32], one of every token, got [1, 32]',
    ],
    [
      'an uneven mask',
      { video: videoInput(2), mask: mask(uneven, [2, 32]) },
      'mask: it leaves 0, 24 tokens of the clips',
    ],
    ['a full mask', { video: videoInput(2), mask: mask(new Array(64).fill(1), [2, 32]) }, 'mask: it drops every token'],
    [
      'another target',
      { video: videoInput(2), mask: maskInput(), target: zeros([2, 2, 9, 10]) },
      'target: expected [2, 2, 8, 10] or [2, 2, 32, 10], got [2, 2, 9, 10]',
    ],
  ])('%s: one line that says what was expected', async (_, inputs, message) => {
    await expect(run('student', inputs)).rejects.toThrow(message);
  });

  test('gradients need a target', async () => {
    const { tensors } = engine.memory();
    await expect(run('student', { video: videoInput(2) }, { gradients: true })).rejects.toThrow(
      'target: gradients need one',
    );
    expect(engine.memory().tensors).toBe(tensors);
  });

  test('a class that there is not', async () => {
    const video = videoInput(2);
    const target = { dtype: 'I32', shape: [2], data: Int32Array.of(1, 7) } as const;
    await expect(run('classifier', { video, target })).rejects.toThrow('target: there is no class 7 of 7');
    await expect(run('classifier', { video, target: zeros([2]) })).rejects.toThrow(
      'class numbers [2], int32 or int64, got F32 [2]',
    );
  });

  test('leave nothing on the device', async () => {
    const before = engine.memory().tensors;
    await run('student', { video: videoInput(2), mask: maskInput(), target: featureInput() }, { gradients: true });
    expect(engine.memory().tensors).toBe(before);
  });
});
