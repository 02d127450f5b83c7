import {
  adamw,
  attention,
  cast,
  clipByGlobalNorm,
  gelu,
  keep,
  l2Normalize,
  layerNorm,
  linear,
  matmul,
  max,
  mean,
  quickGelu,
  read,
  reshape,
  scalar,
  scope,
  selectTokens,
  setEngine,
  softmax,
  softmaxCrossEntropy,
  split,
  square,
  subtract,
  sum,
  tanh,
  tensor,
  transpose,
  valueAndGrad,
  zeros,
  type Shape,
  type Tensor,
} from '@umt/tensor';
import { describeOn, randomNumbers } from '@umt/conformance';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTorchEngine } from '../src/index.node.ts';

/** Half a unit in the last of bfloat16's 8 bits, relative. */
const UNIT = 2 ** -9;

const draw = (shape: Shape, seed = 1, size = 1) =>
  tensor(Float32Array.from(randomNumbers(shape, { seed, low: -size, high: size })), shape);

/** Functions that run in both precisions. */
const functions: Readonly<
  Record<string, { readonly shapes: readonly Shape[]; readonly f: (...x: Tensor[]) => Tensor }>
> = {
  linear: { shapes: [[2, 5, 24], [17, 24], [17]], f: (x, w, b) => linear(x as Tensor, w as Tensor, b) },
  layerNorm: {
    shapes: [[2, 5, 24], [24], [24]],
    f: (x, g, b) => layerNorm(x as Tensor, g as Tensor, b as Tensor, 1e-6),
  },
  gelu: { shapes: [[7, 9]], f: (x) => gelu(x as Tensor) },
  quickGelu: { shapes: [[7, 9]], f: (x) => quickGelu(x as Tensor) },
  attention: {
    shapes: [
      [2, 9, 12],
      [2, 5, 12],
      [2, 5, 12],
    ],
    f: (q, k, v) => attention(q as Tensor, k as Tensor, v as Tensor, { heads: 3 }),
  },
  'attention, causal': {
    shapes: [
      [2, 9, 12],
      [2, 9, 12],
      [2, 9, 12],
    ],
    f: (q, k, v) => attention(q as Tensor, k as Tensor, v as Tensor, { heads: 3, causal: true }),
  },
  'attention of wide heads': {
    shapes: [
      [2, 53, 96],
      [2, 37, 96],
      [2, 37, 96],
    ],
    f: (q, k, v) => attention(q as Tensor, k as Tensor, v as Tensor, { heads: 3, scale: 0.4 }),
  },
  'attention of wide heads, causal': {
    shapes: [
      [1, 51, 160],
      [1, 51, 160],
      [1, 51, 160],
    ],
    f: (q, k, v) => attention(q as Tensor, k as Tensor, v as Tensor, { heads: 2, causal: true }),
  },
  'attention of one projection, split': {
    shapes: [[2, 70, 192]],
    f: (qkv) => {
      const [q, k, v] = split(qkv as Tensor, 3) as [Tensor, Tensor, Tensor];
      return attention(q, k, v, { heads: 1 });
    },
  },
  'attention with hidden keys': {
    shapes: [
      [2, 9, 12],
      [2, 4, 12],
      [2, 4, 12],
    ],
    f: (q, k, v) =>
      attention(q as Tensor, k as Tensor, v as Tensor, {
        heads: 3,
        keyMask: tensor([1, 0, 1, 1, 0, 0, 0, 0], [2, 4], 'bool'),
      }),
  },
  selectTokens: { shapes: [[2, 5, 3]], f: (x) => selectTokens(x as Tensor, tensor([4, 1, 0, 3], [2, 2], 'int32')) },
  l2Normalize: { shapes: [[5, 33]], f: (x) => l2Normalize(x as Tensor) },
  softmaxCrossEntropy: {
    shapes: [[2, 3]],
    f: (x) => softmaxCrossEntropy(x as Tensor, cast(tensor([1, 0, 0, 0, 0.5, 0.5], [2, 3]), (x as Tensor).dtype)),
  },
  'sums, largest and softmax': {
    shapes: [[6, 50]],
    f: (x) => subtract(sum(square(x as Tensor), { axes: 1 }), max(softmax(x as Tensor), { axes: 1 })),
  },
  'products of transposes': {
    shapes: [
      [3, 4, 6],
      [3, 4, 5],
    ],
    f: (a, b) => matmul(transpose(a as Tensor), tanh(b as Tensor)),
  },
};

await describeOn(
  'torch',
  () => createTorchEngine({ device: 'cpu' }),
  (engine) => {
    beforeAll(() => setEngine(engine));

    it('gelu keeps its relative precision however small it is', async () => {
      // the normal distribution at -1, -3, -5, -7, -9
      const below = [
        0.15865525393145707, 1.3498980316300946e-3, 2.866515718791939e-7, 1.279812543885835e-12, 1.1285884059538406e-19,
      ];
      const y = scope(() => gelu(tensor([-1, -3, -5, -7, -9], [5])));
      const found = await read(y);
      y.dispose();
      for (const [index, share] of below.entries()) {
        expect(Math.abs((found[index] ?? NaN) / (-(2 * index + 1) * share) - 1)).toBeLessThan(1e-5);
      }
    });

    describe('bfloat16', () => {
      for (const [name, { shapes, f }] of Object.entries(functions)) {
        it(`${name} and its gradients are those of float32, to the precision`, async () => {
          const before = engine.memory().tensors;
          const results = scope(() => {
            const sources = shapes.map((shape, index) => draw(shape, index + 1));
            const inPrecision = (dtype: 'float32' | 'bfloat16') => {
              const run = () => mean(square(cast(f(...sources.map((source) => cast(source, dtype))), 'float32')));
              const output = cast(f(...sources.map((source) => cast(source, dtype))), 'float32');
              return [output, ...valueAndGrad(run, sources).gradients];
            };
            return [inPrecision('float32'), inPrecision('bfloat16')] as const;
          });
          const [exact, rounded] = await Promise.all(results.map((list) => Promise.all(list.map(read))));
          for (const [index, expected] of (exact ?? []).entries()) {
            const found = rounded?.[index] ?? [];
            const largest = Math.max(...Array.from(expected, Math.abs));
            const worst = Math.max(...Array.from(expected, (value, at) => Math.abs((found[at] ?? NaN) - value)));
            expect(worst, `result ${index}, largest ${largest}`).toBeLessThan(16 * UNIT * Math.max(largest, 0.05));
          }
          for (const one of results.flat()) one.dispose();
          expect(engine.memory().tensors).toBe(before);
        });
      }

      it('a float32 parameter gets a float32 gradient through a bfloat16 product', () => {
        scope(() => {
          const weight = draw([4, 3]);
          const loss = () => mean(cast(linear(cast(draw([2, 3]), 'bfloat16'), cast(weight, 'bfloat16')), 'float32'));
          expect(valueAndGrad(loss, [weight]).gradients.map(({ dtype }) => dtype)).toEqual(['float32']);
        });
      });

      it('moments and parameters of bfloat16 are updated as those of float32, rounded', async () => {
        const attributes = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
        const updated = (dtype: 'float32' | 'bfloat16') =>
          scope(() => {
            const [parameter, gradient, firstMoment] = [1, 2, 3].map((seed) => cast(draw([65], seed), dtype));
            const secondMoment = cast(square(draw([65], 4)), dtype);
            if (!parameter || !gradient || !firstMoment) throw new Error('nothing drawn');
            const state = { parameter, gradient, firstMoment, secondMoment };
            const scalars = { step: scalar(3), gradientScale: scalar(0.5), apply: scalar(1, 'bool') };
            const result = adamw({ ...state, ...scalars }, attributes);
            return [result.parameter, result.firstMoment, result.secondMoment];
          });
        const [exact, rounded] = [updated('float32'), updated('bfloat16')];
        for (const [index, one] of exact.entries()) {
          const [expected, found] = await Promise.all([read(one), read(rounded[index] as Tensor)]);
          for (const [at, value] of expected.entries())
            expect(Math.abs((found[at] ?? NaN) - value)).toBeLessThan(8 * UNIT);
        }
        for (const one of [...exact, ...rounded]) one.dispose();
      });

      it('300 steps of a small transformer end within 2 % of the loss of float32', async () => {
        const losses = await Promise.all([trained('float32', 300), trained('bfloat16', 300)]);
        const [exact = NaN, rounded = NaN] = losses;
        expect(exact).toBeLessThan(1.05); // from 1.39, the entropy of four classes, towards 0.94, that of the targets
        expect(Math.abs(rounded / exact - 1)).toBeLessThan(0.02);
      });
    });
  },
);

const WIDTH = 16;
const CLASSES = 4;

/** The last loss of a pre-norm block that learns to tell four kinds of sequences apart, with float32 parameters. */
async function trained(dtype: 'float32' | 'bfloat16', steps: number): Promise<number> {
  const shapes: readonly Shape[] = [
    [WIDTH],
    [WIDTH],
    [3 * WIDTH, WIDTH],
    [WIDTH, WIDTH],
    [2 * WIDTH, WIDTH],
    [WIDTH, 2 * WIDTH],
    [CLASSES, WIDTH],
  ];
  const cells = shapes.map((shape, index) => ({
    value: keep(draw(shape, index + 1, 0.25)),
    firstMoment: keep(zeros(shape)),
    secondMoment: keep(zeros(shape)),
  }));
  const x = keep(draw([12, 5, WIDTH], 90));
  const y = keep(
    tensor(
      Float32Array.from({ length: 12 * CLASSES }, (_, at) =>
        Math.floor(at / CLASSES) % CLASSES === at % CLASSES ? 0.7 : 0.1,
      ),
      [12, CLASSES],
    ),
  );
  const loss = () => {
    const [g, b, qkv, project, up, down, head] = cells.map(({ value }) => cast(value, dtype)) as [
      ...[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor],
    ];
    const input = cast(x, dtype);
    const [q, k, v] = split(linear(layerNorm(input, g, b, 1e-6), qkv), 3) as [Tensor, Tensor, Tensor];
    const mixed = linear(attention(q, k, v, { heads: 4 }), project);
    const tokens = linear(gelu(linear(mixed, up)), down);
    const pooled = mean(reshape(tokens, [12, 5, WIDTH]), { axes: 1 });
    return mean(softmaxCrossEntropy(cast(linear(pooled, head), 'float32'), y));
  };
  const attributes = { learningRate: 3e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
  let last = NaN;
  for (let step = 1; step <= steps; step++) {
    const value = scope(() => {
      const { value: result, gradients } = valueAndGrad(loss, cells);
      const { scale, isFinite } = clipByGlobalNorm(gradients, 1);
      for (const [index, cell] of cells.entries()) {
        const { value: parameter, firstMoment, secondMoment } = cell;
        const gradient = gradients[index] as Tensor;
        const scalars = { gradientScale: scale, apply: isFinite, step: scalar(step) };
        const next = adamw({ parameter, firstMoment, secondMoment, gradient, ...scalars }, attributes);
        cell.value = keep(next.parameter);
        cell.firstMoment = keep(next.firstMoment);
        cell.secondMoment = keep(next.secondMoment);
      }
      return result;
    });
    if (step === steps) last = (await read(value))[0] ?? NaN;
    value.dispose();
  }
  for (const cell of cells) for (const one of Object.values(cell)) one.dispose();
  x.dispose();
  y.dispose();
  return last;
}
