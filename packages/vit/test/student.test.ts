import { createReferenceEngine, readFloat64 } from '@umt/conformance';
import { dropPathFactors } from '@umt/nn';
import { random } from '@umt/random';
import { mean, scope, setEngine, square, tensor, valueAndGrad, type Engine, type Tensor } from '@umt/tensor';
import { patchVectors } from '@umt/tokenizer';
import { beforeEach, describe, expect, it } from 'vitest';
import { createStudent, studentConfig, type ForwardContext, type Student } from '../src/index.ts';

const CONFIG = studentConfig('B/16', {
  width: 12,
  depth: 4,
  heads: 2,
  patch: 4,
  imageSize: 8,
  frames: 4,
  tubelet: 2,
  alignedLayers: 2,
  layerInterval: 2,
  targetWidth: 5,
  dropPath: 0.5,
});

let engine: Engine;
let student: Student;
let video: Tensor;
let visible: Tensor;
beforeEach(() => {
  setEngine((engine = createReferenceEngine()));
  student = createStudent(CONFIG, { seed: 1 });
  video = tensor(random({ seed: 1, stream: 'test' }).fillNormal(new Float32Array(2 * 4 * 8 * 8 * 3)), [2, 4, 8, 8, 3]);
  visible = tensor(Int32Array.of(0, 3, 5, 1, 2, 7), [2, 3]);
});

const featuresOf = (context: ForwardContext = {}) =>
  readFloat64(scope(() => student.forward(video, visible, context).features));

describe('the student', () => {
  it('gives unit vectors per aligned layer and visible token, and the encoder outputs behind them', () => {
    const { features, layers } = student.forward(video, visible);
    expect(features.shape).toEqual([2, 2, 3, 5]);
    const values = readFloat64(features);
    for (let row = 0; row < 12; row++) expect(Math.hypot(...values.subarray(row * 5, row * 5 + 5))).toBeCloseTo(1, 9);
    expect([...layers].map(([index, { shape }]) => [index, shape])).toEqual([
      [1, [2, 3, 12]],
      [3, [2, 3, 12]],
    ]);
  });

  it('does not see what is dropped', () => {
    const before = featuresOf();
    const pixels = Float32Array.from(readFloat64(video), (value, index) => value + (index % 192 < 12 ? 9 : 0));
    const changed = tensor(pixels, video.shape);
    // pixels of row 0, columns 0 .. 3 of every frame: tokens 0 and 4, of which the second clip has neither
    const after = readFloat64(student.forward(changed, visible).features);
    const clip = (values: Float64Array, index: number) =>
      [0, 1].flatMap((layer) => Array.from(values.subarray((layer * 2 + index) * 15, (layer * 2 + index + 1) * 15)));
    expect(clip(after, 1)).toEqual(clip(before, 1));
    expect(clip(after, 0)).not.toEqual(clip(before, 0));
  });

  it('gives each token the same features wherever it stands in the list', () => {
    const [reordered, plain] = [tensor(Int32Array.of(5, 0, 3, 7, 2, 1), [2, 3]), featuresOf()];
    const features = readFloat64(student.forward(video, reordered).features);
    const token = (values: Float64Array, row: number) => Array.from(values.subarray(row * 5, row * 5 + 5));
    for (const [position, original] of [2, 0, 1, 5, 4, 3].entries()) {
      for (const [channel, value] of token(features, position).entries()) {
        expect(value).toBeCloseTo(token(plain, original)[channel] ?? NaN, 10);
      }
    }
  });

  it('takes patches of visible tokens as well as whole videos', () => {
    const patches = patchVectors(video, { frames: 2, patch: 4 }, visible);
    expect(readFloat64(student.forwardPatches(patches, visible).features)).toEqual(featuresOf());
  });

  it('drops the branches it is told to drop, and none without being told', () => {
    const rates = student.encoder.dropPathRates;
    expect(rates).toEqual([0, 0.5 / 3, 1 / 3, 0.5]);
    const factors = (step: number) => ({
      dropPath: tensor(dropPathFactors({ seed: 1, step, samples: [0, 1], rates }), [4, 2, 2]),
    });
    expect(featuresOf()).toEqual(featuresOf());
    expect(featuresOf({ dropPath: tensor(new Float32Array(16).fill(1), [4, 2, 2]) })).toEqual(featuresOf());
    expect(featuresOf(factors(1))).toEqual(featuresOf(factors(1)));
    expect(featuresOf(factors(1))).not.toEqual(featuresOf(factors(2)));
  });

  it('has the same loss and gradients when blocks are computed again instead of remembered', () => {
    const factors = dropPathFactors({ seed: 1, step: 1, samples: [0, 1], rates: student.encoder.dropPathRates });
    const dropPath = tensor(factors, [4, 2, 2]);
    const parameters = [...student.parameters().values()];
    const run = (recomputedBlocks: number) => {
      const loss = () =>
        mean(square(student.forward(video, visible, { dropPath, recomputedBlocks }).layers.get(3) ?? video));
      const { value, gradients } = valueAndGrad(loss, parameters);
      return [value, ...gradients].map(readFloat64);
    };
    const [plain, recomputed] = [run(0), run(3)];
    for (const [index, values] of plain.entries()) {
      for (const [element, value] of values.entries()) expect(recomputed[index]?.[element]).toBeCloseTo(value, 12);
    }
  });

  it('leaves nothing on the device but its results, and nothing at all when disposed', () => {
    const before = engine.memory().tensors;
    student.forward(video, visible);
    expect(engine.memory().tensors).toBe(before + 3);
    student.dispose();
    expect(engine.memory().tensors).toBe(2 + 3); // video, visible and the results
  });

  it('refuses a video of another size', () => {
    const other = tensor(new Float32Array(2 * 2 * 8 * 8 * 3), [2, 2, 8, 8, 3]);
    expect(() => student.forward(other, visible)).toThrow(/expected a video \[B, 4, 8, 8, 3\], got \[2, 2, 8, 8, 3\]/);
  });
});
