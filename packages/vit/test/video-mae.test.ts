import { createReferenceEngine, createShapeEngine, readFloat64 } from '@umt/conformance';
import { dropPathFactors, initialize, normal, stateDict } from '@umt/nn';
import { random } from '@umt/random';
import { mean, multiply, scope, setEngine, sizeOf, square, tensor, valueAndGrad, type Tensor } from '@umt/tensor';
import { patchVectors } from '@umt/tokenizer';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createVideoMae,
  VideoMae,
  videoMaeConfig,
  videoMaeParameterShapes,
  type VideoMaeConfig,
} from '../src/index.ts';
import { parameterGradientDeviation } from './gradient-check.ts';

const TINY = videoMaeConfig('B/16', {
  width: 12,
  depth: 2,
  heads: 2,
  decoderWidth: 8,
  decoderDepth: 2,
  decoderHeads: 2,
  mlpRatio: 2,
  patch: 4,
  imageSize: 8,
  frames: 6,
  tubelet: 3,
});

const shapesOf = (config: VideoMaeConfig) => {
  setEngine(createShapeEngine());
  return [...new VideoMae(config).parameters()].map(([name, { shape }]) => [name, shape] as const);
};

describe('the parameters of a VideoMAE', () => {
  it.each([
    ['B/16', 218, 94_210_944],
    ['L/16', 374, 317_782_016],
    ['H/16', 478, 653_104_256],
  ] as const)('of size %s with four decoder blocks are those of the reference', (size, tensors, elements) => {
    const shapes = videoMaeParameterShapes(videoMaeConfig(size));
    expect(shapes.size).toBe(tensors);
    expect([...shapes.values()].reduce((total, shape) => total + sizeOf(shape), 0)).toBe(elements);
    expect(shapesOf(videoMaeConfig(size))).toEqual([...shapes]);
  });

  it('have the names and shapes of the reference', () => {
    const shapes = videoMaeParameterShapes(videoMaeConfig('B/16'));
    expect([...shapes].slice(0, 3)).toEqual([
      ['mask_token', [1, 1, 384]],
      ['encoder.patch_embed.proj.weight', [768, 3, 2, 16, 16]],
      ['encoder.patch_embed.proj.bias', [768]],
    ]);
    expect(shapes.get('encoder.norm.bias')).toEqual([768]);
    expect(shapes.get('decoder.blocks.3.attn.qkv.weight')).toEqual([1152, 384]);
    expect(shapes.get('decoder.blocks.3.mlp.fc1.weight')).toEqual([1536, 384]);
    expect([...shapes].slice(-5)).toEqual([
      ['decoder.norm.weight', [384]],
      ['decoder.norm.bias', [384]],
      ['decoder.head.weight', [1536, 384]],
      ['decoder.head.bias', [1536]],
      ['encoder_to_decoder.weight', [384, 768]],
    ]);
  });

  it('of any configuration are those that the module has, in its order, with a head for every pixel', () => {
    const changes = fc.record({
      depth: fc.integer({ min: 1, max: 3 }),
      decoderDepth: fc.integer({ min: 1, max: 3 }),
      decoderWidth: fc.constantFrom(4, 6),
      decoderHeads: fc.constantFrom(1, 2),
      patch: fc.constantFrom(2, 4),
      tubelet: fc.constantFrom(1, 2, 3),
      initValues: fc.constantFrom(0, 0.1),
    });
    fc.assert(
      fc.property(changes, (change) => {
        const config = videoMaeConfig('B/16', { ...TINY, ...change });
        const shapes = videoMaeParameterShapes(config);
        expect(shapesOf(config)).toEqual([...shapes]);
        expect(shapes.get('decoder.head.bias')).toEqual([3 * change.tubelet * change.patch ** 2]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a new VideoMAE', () => {
  it("has the reference's initial values, where encoder_to_decoder keeps PyTorch's default", async () => {
    setEngine(createReferenceEngine());
    const config = { ...TINY, width: 48, decoderWidth: 24, decoderHeads: 3 };
    const state = await stateDict(createVideoMae(config, { seed: 1 }));
    const largest = (name: string) => Math.max(...(state.get(name)?.data ?? []).map(Math.abs));
    const bounds: readonly (readonly [string, number])[] = [
      ['encoder.patch_embed.proj.weight', 144 ** -0.5],
      ['encoder.blocks.1.attn.qkv.weight', Math.sqrt(6 / (48 + 144))],
      ['decoder.blocks.1.attn.qkv.weight', Math.sqrt(6 / (24 + 72))],
      ['decoder.head.weight', Math.sqrt(6 / (24 + 144))],
      ['encoder_to_decoder.weight', 48 ** -0.5],
      ['mask_token', 0.02],
    ];
    for (const [name, bound] of bounds) {
      expect(largest(name), name).toBeLessThanOrEqual(bound);
      expect(largest(name), name).toBeGreaterThan(0.8 * bound);
    }
    for (const [name, { data }] of state) {
      if (/norm\d?\.weight$/.test(name)) expect(new Set(data), name).toEqual(new Set([1]));
      else if (/bias$/.test(name) && !name.includes('patch_embed')) expect(new Set(data), name).toEqual(new Set([0]));
    }
  });
});

describe('VideoMAE', () => {
  let model: VideoMae;
  let video: Tensor;
  let visible: Tensor;
  let masked: Tensor;
  beforeEach(() => {
    setEngine(createReferenceEngine());
    model = createVideoMae({ ...TINY, dropPath: 0.5 }, { seed: 1 });
    const pixels = random({ seed: 1, stream: 'test' }).fillNormal(new Float32Array(2 * 6 * 8 * 8 * 3));
    video = tensor(pixels, [2, 6, 8, 8, 3]);
    visible = tensor(Int32Array.of(0, 3, 5, 1, 2, 7), [2, 3]);
    masked = tensor(Int32Array.of(1, 2, 4, 6, 7, 0, 3, 4, 5, 6), [2, 5]);
  });

  it('predicts all pixels of the masked tokens, in the order they are named in', () => {
    const prediction = model.forward(video, visible, masked);
    expect(prediction.shape).toEqual([2, 5, 3 * 3 * 4 * 4]);
    const reversed = tensor(Int32Array.of(7, 6, 4, 2, 1, 6, 5, 4, 3, 0), [2, 5]);
    const backwards = readFloat64(model.forward(video, visible, reversed));
    const token = (values: Float64Array, row: number) => Array.from(values.subarray(row * 144, (row + 1) * 144));
    for (let row = 0; row < 5; row++) {
      for (const [index, value] of token(readFloat64(prediction), row).entries()) {
        expect(token(backwards, 4 - row)[index]).toBeCloseTo(value, 10);
      }
    }
  });

  it('sees nothing of the masked tokens, and something of each visible one', () => {
    const before = readFloat64(model.forward(video, visible, masked));
    const clipChanges = (token: number) => {
      const [frame, row, column] = [Math.floor(token / 4), Math.floor((token % 4) / 2), token % 2];
      // one pixel of the token in both clips
      const pixel = (clip: number) => (((clip * 6 + frame * 3) * 8 + row * 4) * 8 + column * 4) * 3;
      const pixels = readFloat64(video);
      for (const clip of [0, 1]) pixels[pixel(clip)] = (pixels[pixel(clip)] ?? 0) + 1;
      const after = readFloat64(model.forward(tensor(Float32Array.from(pixels), video.shape), visible, masked));
      return [0, 1].map((clip) =>
        before.some((value, at) => at >= clip * 720 && at < (clip + 1) * 720 && value !== after[at]),
      );
    };
    const [first, second] = [
      [0, 3, 5],
      [1, 2, 7],
    ];
    for (let token = 0; token < 8; token++) {
      expect(clipChanges(token), `token ${token}`).toEqual([first?.includes(token), second?.includes(token)]);
    }
  });

  it('takes patches of visible tokens as well as whole videos', () => {
    const patches = patchVectors(video, { frames: 3, patch: 4 }, visible);
    expect(readFloat64(model.forwardPatches(patches, visible, masked))).toEqual(
      readFloat64(model.forward(video, visible, masked)),
    );
  });

  it('has the gradients of finite differences in every parameter', () => {
    const small = new VideoMae({ ...TINY, width: 6, decoderWidth: 4, patch: 2, imageSize: 4, tubelet: 2, frames: 4 });
    initialize(small, 3, (name) => (name.endsWith('norm1.weight') ? null : normal(0.4)));
    const clip = tensor(random({ seed: 2, stream: 'test' }).fillNormal(new Float32Array(384)), [2, 4, 4, 4, 3]);
    const weights = tensor(random({ seed: 3, stream: 'test' }).fillNormal(new Float32Array(240)), [2, 5, 24]);
    const loss = () => mean(multiply(small.forward(clip, visible, masked), weights));
    expect(parameterGradientDeviation(small.parameters(), loss)).toBeLessThan(1e-7);
  });

  it('drops the branches it is told to drop, of the encoder and of the decoder', () => {
    const rates = model.dropPathRates;
    expect(rates).toEqual([0, 0.5, 0, 0.5]);
    const predictionOf = (factors: Float32Array) =>
      readFloat64(model.forward(video, visible, masked, { dropPath: tensor(factors, [4, 2, 2]) }));
    const plain = readFloat64(model.forward(video, visible, masked));
    const ones = new Float32Array(16).fill(1);
    expect(predictionOf(ones)).toEqual(plain);
    for (const [block, isRead] of [true, true, true, true].map((_, at) => [at, (rates[at] ?? 0) > 0] as const)) {
      const dropped = predictionOf(ones.map((factor, at) => (at >> 2 === block ? 0 : factor)));
      expect(
        dropped.some((value, at) => value !== plain[at]),
        `block ${block}`,
      ).toBe(isRead);
    }
  });

  it('has the same loss and gradients when blocks are computed again instead of remembered', () => {
    const factors = dropPathFactors({ seed: 1, step: 1, samples: [0, 1], rates: model.dropPathRates });
    const dropPath = tensor(factors, [4, 2, 2]);
    const run = (recomputedBlocks: number) => {
      const loss = () => mean(square(model.forward(video, visible, masked, { dropPath, recomputedBlocks })));
      const { value, gradients } = valueAndGrad(loss, [...model.parameters().values()]);
      return [value, ...gradients].map(readFloat64);
    };
    const [plain, recomputed] = [run(0), run(4)];
    for (const [index, values] of plain.entries()) {
      for (const [element, value] of values.entries()) expect(recomputed[index]?.[element]).toBeCloseTo(value, 12);
    }
  });

  it('leaves nothing on the device but its prediction, and nothing at all when disposed', () => {
    const { engine } = video;
    const before = engine.memory().tensors;
    scope(() => model.forward(video, visible, masked)).dispose();
    expect(engine.memory().tensors).toBe(before);
    model.dispose();
    expect(engine.memory().tensors).toBe(3); // video, visible and masked
  });

  it('refuses a video of another size, and masked tokens of other clips', () => {
    const other = tensor(new Float32Array(2 * 3 * 8 * 8 * 3), [2, 3, 8, 8, 3]);
    expect(() => model.forward(other, visible, masked)).toThrow(
      /expected a video \[B, 6, 8, 8, 3\], got \[2, 3, 8, 8, 3\]/,
    );
    const one = tensor(Int32Array.of(1), [1, 1]);
    expect(() => model.forward(video, visible, one)).toThrow(/expected masked tokens \[2, R\], got \[1, 1\]/);
  });
});

describe('a VideoMAE configuration', () => {
  it.each<readonly [string, Partial<VideoMaeConfig>, RegExp]>([
    [
      'a decoder width that its heads do not divide',
      { decoderHeads: 5 },
      /decoderHeads must divide decoderWidth, got 5/,
    ],
    ['no decoder', { decoderDepth: 0 }, /decoderDepth must be a positive integer, got 0/],
    ['frames that are no multiple of the tubelet', { frames: 15 }, /15 frames of 224x224 does not split/],
    ['a drop path rate of 1', { dropPath: 1 }, /rate must be in \[0, 1\)/],
  ])('with %s is refused by name', (_, change, message) => {
    expect(() => videoMaeConfig('B/16', change)).toThrow(message);
  });

  it('of an unknown size is refused', () => {
    expect(() => videoMaeConfig('S/16' as 'B/16')).toThrow(/size 'S\/16' is none of B\/16, L\/16, H\/16/);
  });
});
