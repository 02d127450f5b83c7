import { read, scope, setEngine, tensor, singleProcess, type Engine } from '@umt/tensor';
import { loadEngine } from '@umt/runtime';
import { createClassifier } from '@umt/vit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClipClassifier } from '../src/classifier/clip-classifier.ts';
import { classWeightsOf } from '../src/finetune/class-weights.ts';
import { createFinetuneTask, type FinetuneTaskOptions, type LabeledBatch } from '../src/finetune/finetune-task.ts';
import { finetuneTrainOptions } from '../src/finetune/train-options.ts';
import { finetuneRecipe } from '../src/recipes/finetune/index.ts';

const CLASSES = 3;
let engine: Engine;
let model: ClipClassifier;
beforeAll(async () => {
  ({ engine } = await loadEngine({ device: 'cpu' }));
  setEngine(engine);
  const size = { width: 12, depth: 2, heads: 2, mlpRatio: 2, patch: 8, tubelet: 1, imageSize: 16, frames: 2 };
  const rest = { pooling: 'mean', qkvBias: true, dropPath: 0, dropout: 0, initValues: 0, initScale: 50 } as const;
  model = new ClipClassifier(createClassifier({ ...size, ...rest, classes: CLASSES }, { seed: 1 }));
});
afterAll(() => {
  model.dispose();
  setEngine(undefined);
  engine.dispose();
});

const CONTEXT = { seed: 0, step: 0, epoch: 0, microStep: 0, accumulationSteps: 1, collective: singleProcess };

function batchOf(labelSets: readonly (readonly number[])[]): LabeledBatch {
  const count = labelSets.length;
  const length = 2 * 16 * 16 * 3;
  return {
    video: Float32Array.from({ length: count * length }, (_, i) => Math.sin(i * 0.37)),
    shape: [count, 2, 16, 16, 3],
    labelSets,
    labels: labelSets.map((labels) => (labels.length === 1 ? labels[0] : undefined)),
    paths: labelSets.map((_, i) => `${i}.mp4`),
  };
}

async function lossOf(batch: LabeledBatch, options: Omit<FinetuneTaskOptions, 'model'>): Promise<number> {
  const { loss } = createFinetuneTask({ model, ...options }).loss(batch, CONTEXT);
  const [value = Number.NaN] = await read(loss);
  loss.dispose();
  return value;
}

/** The model's answers in float64, row by row. */
async function logitsOf({ video, shape }: LabeledBatch): Promise<readonly (readonly number[])[]> {
  const logits = scope(() => model.logits(tensor(video, shape)));
  const values = Array.from(await read(logits));
  logits.dispose();
  return Array.from({ length: shape[0] }, (_, row) => values.slice(row * CLASSES, (row + 1) * CLASSES));
}

const logSoftmax = (row: readonly number[]) => {
  const total = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return row.map((logit) => logit - total);
};
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the loss of fine-tuning', () => {
  test('is cross-entropy with label smoothing: (1 - e) of the class and e of the mean over classes', async () => {
    const batch = batchOf([[0], [2]]);
    const rows = (await logitsOf(batch)).map(logSoftmax);
    const expected = mean(rows.map((row, i) => -0.9 * (row[batch.labelSets[i]?.[0] ?? 0] ?? 0) - 0.1 * mean(row)));
    expect(await lossOf(batch, { smoothing: 0.1 })).toBeCloseTo(expected, 5);
  });

  test('with class weights divides by the weights of the batch’s classes', async () => {
    const batch = batchOf([[0], [2]]);
    const rows = (await logitsOf(batch)).map(logSoftmax);
    const expected = -(3 * (rows[0]?.[0] ?? 0) + 1 * (rows[1]?.[2] ?? 0)) / 4;
    expect(await lossOf(batch, { classWeights: [3, 7, 1] })).toBeCloseTo(expected, 5);
  });

  test('for several labels is the sigmoid cross-entropy over all classes', async () => {
    const batch = batchOf([[0, 2], []]);
    const rows = await logitsOf(batch);
    const elements = rows.flatMap((row, i) =>
      row.map((logit, label) => {
        const target = batch.labelSets[i]?.includes(label) ? 1 : 0;
        const p = 1 / (1 + Math.exp(-logit));
        return -target * Math.log(p) - (1 - target) * Math.log(1 - p);
      }),
    );
    expect(await lossOf(batch, { kind: 'multi-label' })).toBeCloseTo(mean(elements), 5);
  });

  test('of a batch that is never mixed is that of its smoothed labels; a mixed one has another', async () => {
    const batch = batchOf([[0], [2], [1], [1]]);
    const mixing = { mixup: 0.8, cutmix: 1, switchProbability: 0.5 };
    const plain = await lossOf(batch, { smoothing: 0.1 });
    expect(await lossOf(batch, { smoothing: 0.1, mixing: { ...mixing, probability: 0 } })).toBeCloseTo(plain, 5);
    expect(await lossOf(batch, { smoothing: 0.1, mixing: { ...mixing, probability: 1 } })).not.toBeCloseTo(plain, 4);
  });

  test('refuses class weights together with what they cannot weigh', () => {
    const classWeights = [1, 1, 1];
    expect(() => createFinetuneTask({ model, classWeights, kind: 'multi-label' })).toThrow(RangeError);
    expect(() => createFinetuneTask({ model, classWeights, mixing: {} })).toThrow(RangeError);
  });

  test('a frozen model trains its head alone', () => {
    expect([...createFinetuneTask({ model, isFrozen: true }).parameters.keys()]).toEqual(['head.weight', 'head.bias']);
  });
});

test('balanced class weights are the inverse of the counts, with mean 1 over the videos', () => {
  const weights = classWeightsOf([[0], [0], [0], [1]], 3);
  expect(weights).toEqual([2 / 3, 2, 0]);
  expect((3 * (2 / 3) + 2) / 4).toBe(1);
});

describe('the options of a run', () => {
  const batches = { batchesPerEpoch: 10, batchSize: 32, async *batches() {} };

  test('have the learning rates of the recipe scaled to its step, the warm-up’s start too, and decay by layer', () => {
    const options = finetuneTrainOptions(finetuneRecipe('l16_ptk710_ftssv2_f8_res224')(), batches, null);
    const { peak = 0, final = 0, start = 0, warmupEpochs } = options.learningRate;
    expect(peak).toBeCloseTo(8e-4, 12);
    expect([final, start].map((rate) => rate.toPrecision(6))).toEqual(['0.00000200000', '0.00000200000']);
    expect({ warmupEpochs, epochs: options.epochs, u: options.accumulationSteps }).toEqual({
      warmupEpochs: 4,
      epochs: 14,
      u: 16,
    });
    const scale = options.optimizer?.learningRateScale ?? (() => Number.NaN);
    expect(scale('patch_embed.proj.weight')).toBeCloseTo(0.85 ** 25, 12);
    expect(scale('blocks.23.mlp.fc1.weight')).toBeCloseTo(0.85, 12);
    expect(scale('head.weight')).toBe(1);
  });
});
