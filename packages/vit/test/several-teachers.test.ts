import { createReferenceEngine, readFloat64 } from '@umt/conformance';
import { initialize, normal } from '@umt/nn';
import { random } from '@umt/random';
import { add, mean, multiply, setEngine, sizeOf, tensor, type Tensor } from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createStudent,
  MlpAlignmentHead,
  Student,
  studentConfig,
  studentParameterShapes,
  type AlignmentTarget,
} from '../src/index.ts';
import { parameterGradientDeviation } from './gradient-check.ts';

const ONE = studentConfig('B/16', {
  width: 12,
  depth: 4,
  heads: 2,
  mlpRatio: 2,
  patch: 4,
  imageSize: 8,
  frames: 2,
  alignedLayers: 2,
  targetWidth: 5,
});
const SECOND: AlignmentTarget = {
  alignedLayers: 2,
  layerInterval: 2,
  targetWidth: 7,
  normalize: 'none',
  head: 'mlp',
};
const TWO = { ...ONE, extraTeachers: [SECOND] };

let video: Tensor;
let visible: Tensor;
beforeEach(() => {
  setEngine(createReferenceEngine());
  video = tensor(random({ seed: 1, stream: 'test' }).fillNormal(new Float32Array(768)), [2, 2, 8, 8, 3]);
  visible = tensor(Int32Array.of(0, 3, 5, 1, 2, 7), [2, 3]);
});

describe('a head with a hidden layer', () => {
  it('is two Linears with the exact GELU between them, a LayerNorm and unit length', () => {
    const head = new MlpAlignmentHead(3, 2, 'l2');
    initialize(head, 1, (name) => (name.startsWith('norm') ? null : normal(1)));
    const shapes = [...head.parameters()].map(([name, { shape }]) => `${name} ${shape.join('x')}`);
    expect(shapes).toEqual([
      'head.0.weight 3x3',
      'head.0.bias 3',
      'head.2.weight 2x3',
      'head.2.bias 2',
      'norm.weight 2',
      'norm.bias 2',
    ]);
    const [w0, b0, w2, b2] = [...head.parameters().values()].map(({ value }) => readFloat64(value));
    const input = [0.5, -1, 2];
    const linear = (x: readonly number[], weight?: Float64Array, bias?: Float64Array) =>
      Array.from(bias ?? [], (b, row) =>
        x.reduce((total, one, at) => total + one * (weight?.[row * x.length + at] ?? NaN), b),
      );
    const y = linear(linear(input, w0, b0).map(gelu), w2, b2);
    // LayerNorm of two numbers is plus and minus nearly 1, so a unit vector has a root of a half in both
    const signs = [Math.sign((y[0] ?? NaN) - (y[1] ?? NaN)), Math.sign((y[1] ?? NaN) - (y[0] ?? NaN))];
    const found = readFloat64(head.forward(tensor(input, [1, 3])));
    for (const [index, value] of found.entries()) expect(value).toBeCloseTo((signs[index] ?? NaN) * Math.SQRT1_2, 9);
    const raw = new MlpAlignmentHead(3, 2, 'none');
    for (const [name, parameter] of raw.parameters()) {
      const value = head.parameters().get(name)?.value;
      if (value) parameter.assign(multiply(value, 1));
    }
    const deviation = Math.abs((y[0] ?? NaN) - (y[1] ?? NaN)) / 2;
    const plain = readFloat64(raw.forward(tensor(input, [1, 3])));
    for (const [index, value] of plain.entries()) {
      expect(value).toBeCloseTo(((signs[index] ?? NaN) * deviation) / Math.sqrt(deviation ** 2 + 1e-6), 9);
    }
  });

  it('takes the place of the linear ones by configuration', () => {
    const config = { ...ONE, head: 'mlp' as const };
    const shapes = studentParameterShapes(config);
    expect([...new Student(config).parameters()].map(([name, { shape }]) => [name, shape])).toEqual([...shapes]);
    expect([...shapes.keys()].slice(-6)).toEqual(
      ['head.0.weight', 'head.0.bias', 'head.2.weight', 'head.2.bias', 'norm.weight', 'norm.bias'].map(
        (name) => `clip_decoder.1.${name}`,
      ),
    );
  });
});

describe('a student of several teachers', () => {
  it('has the parameters of one teacher first, then heads under names of their own', () => {
    const [one, two] = [studentParameterShapes(ONE), studentParameterShapes(TWO)];
    expect([...two].slice(0, one.size)).toEqual([...one]);
    expect([...two].slice(one.size, one.size + 6)).toEqual([
      ['extra_teachers.0.decoder.0.head.0.weight', [12, 12]],
      ['extra_teachers.0.decoder.0.head.0.bias', [12]],
      ['extra_teachers.0.decoder.0.head.2.weight', [7, 12]],
      ['extra_teachers.0.decoder.0.head.2.bias', [7]],
      ['extra_teachers.0.decoder.0.norm.weight', [7]],
      ['extra_teachers.0.decoder.0.norm.bias', [7]],
    ]);
    const parameters = [...new Student(TWO).parameters()];
    expect(parameters.map(([name, { shape }]) => [name, shape])).toEqual([...two]);
    expect([...two.values()].reduce((total, shape) => total + sizeOf(shape), 0)).toBe(
      [...one.values()].reduce((total, shape) => total + sizeOf(shape), 0) + 2 * (12 * 13 + 7 * 13 + 14),
    );
  });

  it('says to the first teacher what it says where there is only one', () => {
    const [one, two] = [createStudent(ONE, { seed: 1 }), createStudent(TWO, { seed: 1 })];
    const [alone, together] = [one.forward(video, visible), two.forward(video, visible)];
    expect(readFloat64(together.features)).toEqual(readFloat64(alone.features));
    expect(alone.extraFeatures).toEqual([]);
  });

  it('gives every teacher features of its own layers and width', () => {
    const { features, extraFeatures, layers } = createStudent(TWO, { seed: 1 }).forward(video, visible);
    expect(features.shape).toEqual([2, 2, 3, 5]);
    expect(extraFeatures.map(({ shape }) => shape)).toEqual([[2, 2, 3, 7]]);
    expect([...layers.keys()]).toEqual([1, 2, 3]); // 2 and 3 for the first, 1 and 3 for the second
    const norms = Array.from({ length: 12 }, (_, row) =>
      Math.hypot(...readFloat64(extraFeatures[0] ?? features).subarray(row * 7, row * 7 + 7)),
    );
    for (const norm of norms) expect(norm).toBeCloseTo(Math.sqrt(7), 3); // LayerNorm, not brought to unit length
  });

  it('has the gradients of finite differences in every parameter', () => {
    const student = new Student({ ...TWO, width: 6, depth: 3, patch: 4, alignedLayers: 2 });
    initialize(student, 3, (name) => (name.endsWith('norm1.weight') ? null : normal(0.4)));
    const weightsOf = (seed: number, { shape }: Tensor) =>
      tensor(random({ seed, stream: 'test' }).fillNormal(new Float32Array(sizeOf(shape))), shape);
    const loss = () => {
      const { features, extraFeatures } = student.forward(video, visible);
      return [features, ...extraFeatures]
        .map((one, index) => mean(multiply(one, weightsOf(index, one))))
        .reduce((total, one) => add(total, one));
    };
    expect(parameterGradientDeviation(student.parameters(), loss)).toBeLessThan(1e-7);
  });

  it('is refused where a teacher cannot be aligned, naming which', () => {
    const withSecond = (change: Partial<AlignmentTarget>) => () =>
      studentConfig('B/16', { extraTeachers: [SECOND, { ...SECOND, ...change }] });
    expect(withSecond({ targetWidth: 0 })).toThrow(/extraTeachers\[1\]: targetWidth must be a positive integer, got 0/);
    expect(withSecond({ head: 'cnn' as 'mlp' })).toThrow(
      /extraTeachers\[1\]: head must be 'linear' or 'mlp', got 'cnn'/,
    );
    expect(withSecond({ alignedLayers: 7 })).toThrow(/7 layers at interval 2 do not fit a depth of 12/);
  });
});

/** 0.5 x (1 + erf(x / sqrt 2)), the error function by its series. */
function gelu(x: number): number {
  let term = x / Math.SQRT2;
  let sum = term;
  for (let n = 1; n < 60; n++) {
    term *= -(x * x) / 2 / n;
    sum += term / (2 * n + 1);
  }
  return 0.5 * x * (1 + (2 / Math.sqrt(Math.PI)) * sum);
}
