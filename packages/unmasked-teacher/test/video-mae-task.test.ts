import { createReferenceEngine, readFloat64 } from '@umt/conformance';
import { pixelLoss, videoMaeTarget } from '@umt/losses';
import { droppedTokens, hostVisible } from '@umt/masking';
import { loadEngine } from '@umt/runtime';
import { full, setEngine, singleProcess, tensor, type Engine } from '@umt/tensor';
import { patchVectors } from '@umt/tokenizer';
import { train, type BatchSource, type StepContext, type TrainingEvent } from '@umt/trainer';
import { createVideoMae, videoMaeConfig, videoMaeGrid, type VideoMae } from '@umt/vit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VideoBatch } from '../src/stage1/pretrain-task.ts';
import { createVideoMaeTask } from '../src/stage1/video-mae-task.ts';

const CONFIG = videoMaeConfig('B/16', {
  width: 12,
  depth: 2,
  heads: 2,
  decoderWidth: 8,
  decoderDepth: 1,
  decoderHeads: 2,
  patch: 4,
  imageSize: 16,
  frames: 4,
});
const TUBE = { kind: 'tube', ratio: 0.75 } as const;
const CONTEXT: StepContext = {
  seed: 3,
  step: 5,
  epoch: 0,
  microStep: 0,
  accumulationSteps: 1,
  collective: singleProcess,
};

let engine: Engine;
let model: VideoMae;
beforeEach(() => {
  setEngine((engine = createReferenceEngine()));
  model = createVideoMae(CONFIG, { seed: 1 });
});
afterEach(() => setEngine(undefined));

/** Clips of smooth waves, each of its own direction. */
function clips(count: number, first = 0): VideoBatch {
  const shape = [count, 4, 16, 16, 3];
  const video = Float32Array.from({ length: count * 4 * 16 * 16 * 3 }, (_, i) => {
    const [x, y, t] = [Math.floor(i / 3) % 16, Math.floor(i / 48) % 16, Math.floor(i / 768) % 4];
    const clip = first + Math.floor(i / 3072);
    return Math.sin(0.4 * x * Math.cos(clip) + 0.4 * y * Math.sin(clip) + 0.5 * t + (i % 3));
  });
  return { video, shape };
}
const valueOf = (batch: VideoBatch, context = CONTEXT, options = {}) =>
  readFloat64(createVideoMaeTask({ model, mask: TUBE, ...options }).loss(batch, context).loss)[0] ?? NaN;

describe('a VideoMAE step', () => {
  test('compares the prediction of the masked tokens with their pixels', () => {
    const { video, shape } = clips(2);
    const visible = hostVisible('tube', videoMaeGrid(CONFIG), 0.75, { seed: 3, step: 5, samples: [0, 1] });
    expect(visible).toHaveLength(2 * 2 * 4); // 4 of 16 patches in both of 2 frames of tubelets
    const masked = tensor(droppedTokens(visible, 2, 32), [2, 24]);
    const pixels = tensor(video, shape);
    const prediction = model.forward(pixels, tensor(visible, [2, 8]), masked);
    const patches = patchVectors(pixels, { frames: 2, patch: 4 }, masked);
    expect(valueOf(clips(2))).toBeCloseTo(readFloat64(pixelLoss(prediction, videoMaeTarget(patches)))[0] ?? NaN, 10);
    const raw = pixelLoss(prediction, videoMaeTarget(patches, { standardize: false }));
    expect(valueOf(clips(2), CONTEXT, { target: { standardize: false } })).toBeCloseTo(readFloat64(raw)[0] ?? NaN, 10);
  });

  test('of two micro-batches is that of the whole batch: masks and drop path belong to clips', () => {
    model = createVideoMae({ ...CONFIG, dropPath: 0.4 }, { seed: 1 });
    const whole = valueOf({
      video: Float32Array.of(...clips(2).video, ...clips(2, 2).video),
      shape: [4, 4, 16, 16, 3],
    });
    const context = { ...CONTEXT, accumulationSteps: 2 };
    const parts = [valueOf(clips(2), context), valueOf(clips(2, 2), { ...context, microStep: 1 })];
    expect(((parts[0] ?? NaN) + (parts[1] ?? NaN)) / 2).toBeCloseTo(whole, 10);
  });

  test('of a model that predicts nothing loses 1 - 1 / pixels of a token', () => {
    model.decoder.head.weight.assign(full(model.decoder.head.weight.shape, 0));
    expect(valueOf(clips(1))).toBeCloseTo(1 - 1 / 32, 4);
  });

  test('needs something to predict', () => {
    expect(() => createVideoMaeTask({ model, mask: { kind: 'tube', ratio: 0.05 } })).toThrow(
      /a mask ratio of 0.05 leaves none of 16 tokens to predict/,
    );
  });
});

describe('VideoMAE training', () => {
  test('leaves no tensor behind and learns to predict moving waves better than their mean', async () => {
    ({ engine } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' }));
    setEngine(engine);
    model = createVideoMae({ ...CONFIG, width: 24, decoderWidth: 16 }, { seed: 1 });
    const batches: BatchSource<VideoBatch> = {
      batchesPerEpoch: 120,
      batchSize: 4,
      async *batches(_, firstBatch) {
        for (let batch = firstBatch; batch < 120; batch++) yield clips(4);
      },
    };
    const losses: number[] = [];
    const onEvent = (event: TrainingEvent) => {
      if (event.type === 'step') losses.push(event.loss);
    };
    const before = engine.memory().tensors;
    const options = {
      seed: 1,
      epochs: 1,
      batches,
      learningRate: { peak: 1e-2, final: 1e-3, warmupSteps: 10 },
      optimizer: { beta2: 0.95, withoutDecay: ['mask_token'] },
    };
    const result = await train(createVideoMaeTask({ model, mask: TUBE }), options, { onEvent });
    expect(result.step).toBe(120);
    expect(engine.memory().tensors).toBe(before);
    const mean = (part: readonly number[]) => part.reduce((sum, loss) => sum + loss) / part.length;
    const GUESSING_THE_MEAN = 1 - 1 / 32;
    expect(losses[0]).toBeGreaterThan(GUESSING_THE_MEAN);
    expect(mean(losses.slice(-10))).toBeLessThan(0.92 * GUESSING_THE_MEAN);
    engine.dispose();
  });
});
