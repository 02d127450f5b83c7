import { createReferenceEngine, fromFloat64, readFloat64 } from '@umt/conformance';
import { random } from '@umt/random';
import {
  add,
  mean,
  multiply,
  scope,
  setEngine,
  square,
  sum,
  tensor,
  valueAndGrad,
  type Engine,
  type Tensor,
} from '@umt/tensor';
import { resizeVideo } from '@umt/tokenizer';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRandomTeacher, teacherConfig, type Teacher, type TeacherConfig } from '../src/index.ts';

const CONFIG = teacherConfig('B/16', {
  width: 12,
  layers: 4,
  heads: 3,
  patch: 4,
  resolution: 12,
  outputWidth: 5,
  alignedLayers: 3,
});

let engine: Engine;
let teacher: Teacher;
let video: Tensor;
beforeEach(() => {
  setEngine((engine = createReferenceEngine()));
  teacher = createRandomTeacher(CONFIG, { seed: 1 });
  video = tensor(
    random({ seed: 1, stream: 'test' }).fillNormal(new Float32Array(2 * 3 * 12 * 12 * 3)),
    [2, 3, 12, 12, 3],
  );
});

/** Rows [K, B, M, C] of features [K, B, 27, C]. */
function filtered(features: Float64Array, visible: readonly (readonly number[])[]): number[] {
  return [0, 1, 2].flatMap((layer) =>
    visible.flatMap((tokens, clip) =>
      tokens.flatMap((token) => {
        const start = ((layer * 2 + clip) * 27 + token) * 5;
        return Array.from(features.subarray(start, start + 5));
      }),
    ),
  );
}

function expectSame(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expect(Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] ?? NaN))))).toBeLessThan(1e-12);
}

describe('the teacher', () => {
  it('leaves the length of its features alone where it is told not to normalise', () => {
    const plain = createRandomTeacher({ ...CONFIG, normalize: 'none' }, { seed: 1 });
    const [long, unit] = [plain, teacher].map((one) => readFloat64(one.forward(video).features));
    const lengths = Array.from({ length: 3 * 2 * 27 }, (_, row) => {
      const of = (values: Float64Array | undefined) => Array.from(values?.subarray(row * 5, row * 5 + 5) ?? []);
      const length = Math.hypot(...of(long));
      expectSame(
        of(unit),
        of(long).map((value) => value / Math.sqrt(length ** 2 + 1e-12)),
      );
      return length;
    });
    expect(Math.max(...lengths) / Math.min(...lengths)).toBeGreaterThan(1.5);
  });

  it('gives unit vectors per layer and token, and attention rows that leave out the class token', () => {
    const { features, attention } = teacher.forward(video);
    expect(features.shape).toEqual([3, 2, 27, 5]);
    expect(attention.shape).toEqual([6, 9]);
    const values = readFloat64(features);
    for (let row = 0; row < 3 * 2 * 27; row++)
      expect(Math.hypot(...values.subarray(row * 5, row * 5 + 5))).toBeCloseTo(1, 9);
    const weights = readFloat64(attention);
    for (let frame = 0; frame < 6; frame++) {
      const total = weights.subarray(frame * 9, frame * 9 + 9).reduce((a, b) => a + b);
      expect(total).toBeGreaterThan(0);
      expect(total).toBeLessThan(1);
    }
  });

  it('looks at frames one by one', () => {
    const frame = tensor(Float32Array.from(readFloat64(video).subarray(432 * 4, 432 * 5)), [1, 1, 12, 12, 3]);
    const alone = teacher.forward(frame);
    const together = teacher.forward(video);
    expectSame(readFloat64(alone.attention), Array.from(readFloat64(together.attention).subarray(36, 45)));
    const tokens = Array.from({ length: 9 }, (_, patch) => 9 + patch);
    const all = filtered(readFloat64(together.features), [[], tokens]);
    expectSame(readFloat64(alone.features), all);
  });

  it('computes of chosen tokens what it would of all, whatever its choice depends on', () => {
    const whole = teacher.forward(video);
    const visible = [
      [0, 4, 9, 11, 25, 26],
      [2, 8, 10, 17, 18, 22],
    ];
    let seen: Float64Array | undefined;
    const target = teacher.target(video, (attention) => {
      seen = readFloat64(attention);
      return tensor(Int32Array.from(visible.flat()), [2, 6]);
    });
    expectSame(seen ?? [], Array.from(readFloat64(whole.attention)));
    expectSame(readFloat64(target.attention), Array.from(readFloat64(whole.attention)));
    expect(target.features.shape).toEqual([3, 2, 6, 5]);
    expectSame(readFloat64(target.features), filtered(readFloat64(whole.features), visible));
  });

  it('computes of given tokens what it would of all, however they fall on the frames', () => {
    const visible = [
      [0, 1, 2, 26],
      [8, 5, 20, 19],
    ];
    const features = teacher.targetAt(video, tensor(Int32Array.from(visible.flat()), [2, 4]));
    expectSame(readFloat64(features), filtered(readFloat64(teacher.forward(video).features), visible));
  });

  it('refuses a choice that is not of the same number of tokens in each frame', () => {
    const choose = () => tensor(Int32Array.of(0, 1, 2, 3), [2, 2]);
    expect(() => teacher.target(video, choose)).toThrow(/6 frames need chosen tokens .* got \[2, 2\]; use targetAt/);
  });

  it('resizes frames that are not of its resolution, without antialiasing', () => {
    const large = tensor(
      random({ seed: 2, stream: 'test' }).fillNormal(new Float32Array(2 * 16 * 16 * 3)),
      [1, 2, 16, 16, 3],
    );
    const resized = teacher.forward(resizeVideo(large, 12, 12));
    expectSame(readFloat64(teacher.forward(large).features), Array.from(readFloat64(resized.features)));
  });

  it('is a constant to gradients', () => {
    const { gradients } = valueAndGrad(() => sum(teacher.forward(video).features), [video, teacher.proj]);
    for (const gradient of gradients) expect(new Set(readFloat64(gradient))).toEqual(new Set([0]));
  });

  it('records gradients where it is asked to, down to the first layer', () => {
    const names = ['conv1.weight', 'class_embedding', 'transformer.resblocks.0.attn.in_proj_bias', 'proj'];
    const parameters = names.flatMap((name) => teacher.parameters().get(name) ?? []);
    const loss = () =>
      scope(() => {
        const { features, attention } = teacher.forwardWithGradients(video);
        return add(mean(square(add(features, 1))), mean(square(multiply(attention, 5))));
      });
    const { gradients } = valueAndGrad(loss, parameters);
    for (const [index, parameter] of parameters.entries()) {
      const values = readFloat64(parameter.value);
      const lossAt = (moved: Float64Array) => {
        parameter.assign(fromFloat64(engine, moved, parameter.shape));
        return readFloat64(loss())[0] ?? NaN;
      };
      const at = 7;
      const moved = (by: number) => values.with(at, (values[at] ?? NaN) + by);
      const expected = (lossAt(moved(1e-5)) - lossAt(moved(-1e-5))) / 2e-5;
      const gradient = gradients[index];
      lossAt(values);
      expect(Math.abs(expected), names[index]).toBeGreaterThan(1e-6);
      expect(gradient && readFloat64(gradient)[at], names[index]).toBeCloseTo(expected, 8);
    }
  });

  it('drops tokens before its first layer where it is told to', () => {
    const whole = teacher.forward(video);
    const all = tensor(
      Int32Array.from({ length: 54 }, (_, index) => index % 27),
      [2, 27],
    );
    const unmasked = teacher.forwardWithGradients(video, all);
    expectSame(readFloat64(unmasked.features), Array.from(readFloat64(whole.features)));
    expectSame(readFloat64(unmasked.attention), Array.from(readFloat64(whole.attention)));

    const visible = tensor(Int32Array.of(0, 1, 9, 10, 18, 19, 0, 1, 9, 10, 18, 19), [2, 6]);
    const masked = teacher.forwardWithGradients(video, visible);
    expect(masked.features.shape).toEqual([3, 2, 6, 5]);
    expect(masked.attention.shape).toEqual([6, 2]);
    // the lower two thirds of every frame are dropped: what is in them changes nothing
    const upper = readFloat64(video).map((value, index) => (index % 432 < 144 ? value : -value));
    const changed = teacher.forwardWithGradients(tensor(Float32Array.from(upper), [2, 3, 12, 12, 3]), visible);
    expectSame(readFloat64(changed.features), Array.from(readFloat64(masked.features)));
    const unseen = filtered(readFloat64(whole.features), [[0], [0]]);
    expect(Array.from(readFloat64(masked.features).subarray(0, 5))).not.toEqual(unseen.slice(0, 5));
  });

  it('leaves nothing on the device but its results', () => {
    const before = engine.memory().tensors;
    const choose = () => tensor(Int32Array.of(0, 9, 18, 0, 9, 18), [2, 3]);
    teacher.target(video, choose);
    expect(engine.memory().tensors).toBe(before + 3);
  });
});

describe('a random teacher', () => {
  const config: TeacherConfig = { ...CONFIG, width: 36, patch: 8, resolution: 48, layers: 3, outputWidth: 16 };

  /** Frames of soft coloured discs on a shaded ground. */
  const scenes = (count: number) => {
    const stream = random({ seed: 3, stream: 'scenes' });
    const pixels = new Float32Array(count * 48 * 48 * 3);
    for (let frame = 0; frame < count; frame++) {
      const discs = Array.from({ length: 4 }, () => Array.from({ length: 6 }, () => stream.uniform()));
      for (let pixel = 0; pixel < 48 * 48; pixel++) {
        const [y, x] = [Math.floor(pixel / 48) / 48, (pixel % 48) / 48];
        for (let channel = 0; channel < 3; channel++) {
          let value = x - y;
          for (const [cy = 0, cx = 0, radius = 0, ...color] of discs) {
            if (Math.hypot(y - cy, x - cx) < 0.1 + 0.2 * radius) value = 4 * (color[channel] ?? 0) - 2;
          }
          pixels[(frame * 48 * 48 + pixel) * 3 + channel] = value;
        }
      }
    }
    return tensor(pixels, [count, 1, 48, 48, 3]);
  };

  it('attends unevenly, and differently to different frames', () => {
    const [frames, patches] = [4, 36];
    const perplexities: number[] = [];
    const logs: Float64Array[] = [];
    for (const seed of [1, 2]) {
      const attention = readFloat64(createRandomTeacher(config, { seed }).forward(scenes(frames)).attention);
      for (let frame = 0; frame < frames; frame++) {
        const row = attention.subarray(frame * patches, (frame + 1) * patches);
        const total = row.reduce((a, b) => a + b);
        perplexities.push(Math.exp(-row.reduce((sum, weight) => sum + (weight / total) * Math.log(weight / total), 0)));
        if (seed === 1) logs.push(row.map(Math.log));
      }
    }
    const average = perplexities.reduce((a, b) => a + b) / perplexities.length / patches;
    expect(average).toBeGreaterThan(0.2);
    expect(average).toBeLessThan(0.75);
    const correlations = logs.flatMap((row, index) => logs.slice(0, index).map((other) => correlation(row, other)));
    expect(correlations.reduce((a, b) => a + b) / correlations.length).toBeLessThan(0.5);
  });
});

function correlation(a: Float64Array, b: Float64Array): number {
  const centred = [a, b].map((values) => {
    const average = values.reduce((x, y) => x + y) / values.length;
    return values.map((value) => value - average);
  }) as [Float64Array, Float64Array];
  const dot = (x: Float64Array, y: Float64Array) =>
    x.reduce((total, value, index) => total + value * (y[index] ?? 0), 0);
  return dot(centred[0], centred[1]) / Math.sqrt(dot(centred[0], centred[0]) * dot(centred[1], centred[1]));
}
