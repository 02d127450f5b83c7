import { gradientDeviation, randomNumbers } from '@umt/conformance';
import {
  attention,
  compositeDefinitions,
  gelu,
  l2Normalize,
  layerNorm,
  linear,
  logSoftmax,
  quickGelu,
  scope,
  selectTokens,
  softmax,
  softmaxCrossEntropy,
  square,
  sum,
  tensor,
  valueAndGrad,
  type AttentionOptions,
  type Shape,
  type Tensor,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { elements, exact, expectClose, randomTensor, useReferenceEngine } from './support.ts';

useReferenceEngine();

const SMOOTH = 1e-8;

/** Every non-empty subset of 0 .. count - 1: what a caller may want gradients of. */
function subsets(count: number): readonly (readonly number[])[] {
  return Array.from({ length: 2 ** count - 1 }, (_, bits) =>
    Array.from({ length: count }, (_, index) => index).filter((index) => ((bits + 1) >> index) & 1),
  );
}

/** First derivatives of every subset of inputs, then second derivatives, against finite differences. */
function expectDerivatives(f: (...inputs: readonly Tensor[]) => Tensor, inputs: readonly Tensor[]): void {
  for (const wanted of subsets(inputs.length)) expect(gradientDeviation(f, inputs, wanted)).toBeLessThan(SMOOTH);
  // the gradient as a function of the inputs, itself differentiated: squares make it depend on everything
  const gradient = (...moved: readonly Tensor[]) =>
    valueAndGrad(
      () => sum(square(f(...moved))),
      moved.filter((x) => x.dtype === 'float32'),
    ).gradients;
  expect(gradientDeviation(gradient, inputs)).toBeLessThan(1e-6);
}

/** Rows of a tensor along its last axis. */
function rows(x: Tensor): readonly (readonly number[])[] {
  const width = x.shape.at(-1) ?? 1;
  const data = elements(x);
  return Array.from({ length: width === 0 ? 0 : data.length / width }, (_, row) =>
    data.slice(row * width, (row + 1) * width),
  );
}

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const dot = (a: readonly number[], b: readonly number[]) => total(a.map((value, index) => value * (b[index] ?? NaN)));

describe('linear', () => {
  for (const shape of [[3], [4, 3], [2, 1, 3], [0, 3], [2, 0]] satisfies Shape[]) {
    it(`multiplies [${shape.join(', ')}] by the transpose of the weight and adds the bias`, () => {
      scope(() => {
        const x = randomTensor(shape, { seed: 1 });
        const weight = randomTensor([5, shape.at(-1) ?? 0], { seed: 2 });
        const bias = randomTensor([5], { seed: 3 });
        const output = linear(x, weight, bias);
        expect(output.shape).toEqual([...shape.slice(0, -1), 5]);
        if (shape.at(-1) === 0) return expectClose(elements(output), [...elements(bias), ...elements(bias)]);
        const expected = rows(x).flatMap((row) =>
          rows(weight).map((column, out) => dot(row, column) + (elements(bias)[out] ?? NaN)),
        );
        expectClose(elements(output), expected);
        expectClose(
          elements(linear(x, weight)),
          rows(x).flatMap((row) => rows(weight).map((column) => dot(row, column))),
        );
        expectDerivatives((a = x, b = weight, c = bias) => linear(a, b, c), [x, weight, bias]);
        expectDerivatives((a = x, b = weight) => linear(a, b), [x, weight]);
      });
    });
  }
});

describe('layerNorm', () => {
  for (const shape of [[4], [3, 5], [2, 1, 3], [3, 1], [0, 4]] satisfies Shape[]) {
    it(`centres and scales the rows of [${shape.join(', ')}] by biased variance`, () => {
      scope(() => {
        const width = shape.at(-1) ?? 1;
        const x = randomTensor(shape, { seed: 1 });
        const scale = randomTensor([width], { seed: 2, low: 0.5 });
        const shift = randomTensor([width], { seed: 3 });
        const expected = rows(x).flatMap((row) => {
          const mean = total(row) / width;
          const variance = total(row.map((value) => (value - mean) ** 2)) / width;
          return row.map(
            (value, at) =>
              ((value - mean) / Math.sqrt(variance + 1e-3)) * (elements(scale)[at] ?? NaN) +
              (elements(shift)[at] ?? NaN),
          );
        });
        expectClose(elements(layerNorm(x, scale, shift, 1e-3)), expected);
        expectDerivatives((a = x, b = scale, c = shift) => layerNorm(a, b, c, 1e-1), [x, scale, shift]);
      });
    });
  }
});

describe('activations', () => {
  it('gelu and quickGelu give their published values', () => {
    scope(() => {
      // scipy.stats.norm.cdf(x) * x and x / (1 + exp(-1.702 x))
      const x = exact([-3, -1, 0, 0.5, 2]);
      expectClose(
        elements(gelu(x)),
        [-0.00404969409489031, -0.158655253931457, 0, 0.345731230637007, 1.95449973610364],
        1e-13,
      );
      expectClose(
        elements(quickGelu(x)),
        elements(x).map((value) => value / (1 + Math.exp(-1.702 * value))),
      );
    });
  });

  it('have the derivatives of finite differences', () => {
    for (const shape of [[], [7], [2, 1, 3], [0]] satisfies Shape[]) {
      scope(() => {
        const x = randomTensor(shape, { low: -3, high: 3 });
        expectDerivatives((a = x) => gelu(a), [x]);
        expectDerivatives((a = x) => quickGelu(a), [x]);
      });
    }
  });
});

describe('l2Normalize', () => {
  it('divides rows by their norm, and leaves a zero row zero', () => {
    scope(() => {
      expectClose(elements(l2Normalize(exact([3, 4, 0, 0], [2, 2]))), [0.6, 0.8, 0, 0]);
      for (const shape of [[3], [2, 1], [2, 3, 4]]) {
        const x = randomTensor(shape, { low: 0.3 });
        const expected = rows(x).flatMap((row) => row.map((value) => value / Math.sqrt(dot(row, row) + 0.1)));
        expectClose(elements(l2Normalize(x, 0.1)), expected);
        expectDerivatives((a = x) => l2Normalize(a, 0.1), [x]);
      }
    });
  });
});

describe('softmaxCrossEntropy', () => {
  it('is the cross-entropy of each row, with the targets constant', () => {
    scope(() => {
      const logits = randomTensor([3, 4]);
      const targets = softmax(randomTensor([3, 4], { seed: 2 }));
      const expected = rows(logits).map((row, index) => {
        const logTotal = Math.log(total(row.map(Math.exp)));
        return -dot(
          rows(targets)[index] ?? [],
          row.map((value) => value - logTotal),
        );
      });
      expectClose(elements(softmaxCrossEntropy(logits, targets)), expected);
      expectDerivatives((a = logits) => softmaxCrossEntropy(a, targets), [logits]);
      const { gradients } = valueAndGrad(() => sum(softmaxCrossEntropy(logits, targets)), [targets]);
      expect(gradients.map(elements)).toEqual([Array<number>(12).fill(0)]);
      const nested = valueAndGrad(() => {
        const inner = valueAndGrad(() => sum(softmaxCrossEntropy(logits, targets)), [logits]);
        return sum(square(inner.gradients[0] ?? logits));
      }, [targets]);
      expect(nested.gradients.map(elements)).toEqual([Array<number>(12).fill(0)]);
    });
  });

  it('stays finite for logits that overflow exp', () => {
    scope(() => {
      const logits = exact([1000, 0, -1000, 0], [2, 2]);
      const targets = exact([0, 1, 1, 0], [2, 2]);
      expectClose(elements(softmaxCrossEntropy(logits, targets)), [1000, 1000]);
      expectClose(elements(logSoftmax(logits)), [0, -1000, -1000, 0]);
    });
  });

  it('agrees with logSoftmax, whose derivatives are those of finite differences', () => {
    scope(() => {
      const x = randomTensor([2, 5]);
      expectClose(elements(logSoftmax(x)), elements(softmax(x)).map(Math.log));
      expectDerivatives((a = x) => logSoftmax(a), [x]);
      expectDerivatives((a = x) => logSoftmax(a), [randomTensor([1])]);
    });
  });
});

describe('selectTokens', () => {
  it('picks tokens, and puts gradients back where they came from', () => {
    for (const rest of [[3], [], [2, 1]]) {
      scope(() => {
        const x = randomTensor([2, 4, ...rest]);
        const indices = tensor(Int32Array.of(3, 0, 2, 1, 2, 3), [2, 3]);
        const output = selectTokens(x, indices);
        expect(output.shape).toEqual([2, 3, ...rest]);
        const width = rest.reduce((a, b) => a * b, 1);
        const expected = [3, 0, 2, 4 + 1, 4 + 2, 4 + 3].flatMap((row) =>
          elements(x).slice(row * width, (row + 1) * width),
        );
        expect(elements(output)).toEqual(expected);
        expectDerivatives((a = x, b = indices) => selectTokens(a, b), [x, indices]);
      });
    }
  });

  it('selects nothing from something', () => {
    scope(() => {
      const x = randomTensor([2, 3, 2]);
      expect(selectTokens(x, tensor(new Int32Array(), [2, 0])).shape).toEqual([2, 0, 2]);
    });
  });
});

describe('attention', () => {
  const cases: Readonly<Record<string, readonly [Shape, Shape, AttentionOptions]>> = {
    'one head': [[1, 3, 4], [1, 2, 4], { heads: 1 }],
    'three heads': [[2, 3, 6], [2, 5, 6], { heads: 3 }],
    'own scale': [[2, 1, 4], [2, 1, 4], { heads: 2, scale: 0.7 }],
    causal: [[2, 4, 2], [2, 4, 2], { heads: 2, causal: true }],
    'causal, fewer keys than queries': [[1, 4, 2], [1, 2, 2], { heads: 1, causal: true }],
  };
  for (const [name, [queries, keys, options]] of Object.entries(cases)) {
    it(`mixes values by softmax of scaled products: ${name}`, () => {
      scope(() => expectAttention(queries, keys, options));
    });
  }

  it('hides masked keys, causal or not', () => {
    scope(() => {
      const keyMask = tensor([1, 0, 1, 1, 1, 0], [2, 3], 'bool');
      expectAttention([2, 3, 4], [2, 3, 4], { heads: 2, keyMask });
      expectAttention([2, 3, 4], [2, 3, 4], { heads: 2, keyMask, causal: true });
    });
  });

  it('lets a query with no visible key attend evenly, with no gradient through its scores', () => {
    scope(() => {
      const keyMask = tensor([0, 0, 0, 0, 1, 1], [2, 3], 'bool');
      expectAttention([2, 2, 4], [2, 3, 4], { heads: 2, keyMask });
      // causal hides keys 1 and 2 from query 0, the mask hides key 0
      expectAttention([2, 2, 4], [2, 3, 4], { heads: 2, keyMask, causal: true });
    });
  });

  function expectAttention(queries: Shape, keys: Shape, options: AttentionOptions): void {
    const [q, k, v] = [
      randomTensor(queries, { seed: 1 }),
      randomTensor(keys, { seed: 2 }),
      randomTensor(keys, { seed: 3 }),
    ];
    expectClose(elements(attention(q, k, v, options)), naiveAttention(q, k, v, options));
    expectDerivatives((a = q, b = k, c = v) => attention(a, b, c, options), [q, k, v]);
  }
});

/** Attention written with plain loops. */
function naiveAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): readonly number[] {
  const { heads, keyMask, causal = false } = options;
  const [batch = 0, queries = 0, width = 0] = q.shape;
  const keys = k.shape[1] ?? 0;
  const size = width / heads;
  const scale = options.scale ?? size ** -0.5;
  const [qRows, kRows, vRows] = [rows(q), rows(k), rows(v)];
  const mask = keyMask ? elements(keyMask) : Array<number>(batch * keys).fill(1);
  const output: number[] = [];
  for (let sample = 0; sample < batch; sample++) {
    for (let query = 0; query < queries; query++) {
      for (let head = 0; head < heads; head++) {
        const ofHead = (row: readonly number[] = []) => row.slice(head * size, (head + 1) * size);
        const isVisible = (key: number) => mask[sample * keys + key] === 1 && (!causal || key <= query);
        const everyKey = Array.from({ length: keys }, (_, key) => key);
        const seesAny = everyKey.some(isVisible);
        const weights = everyKey.map((key) => {
          if (!seesAny) return 1;
          const product = dot(ofHead(qRows[sample * queries + query]), ofHead(kRows[sample * keys + key]));
          return isVisible(key) ? Math.exp(product * scale) : 0;
        });
        for (let at = 0; at < size; at++) {
          const column = everyKey.map((key) => ofHead(vRows[sample * keys + key])[at] ?? NaN);
          output.push(dot(weights, column) / total(weights));
        }
      }
    }
  }
  return output;
}

describe('definitions', () => {
  it('give null for every input that needs no gradient', () => {
    scope(() => {
      const x = randomTensor([2, 4], { seed: 1 });
      const weight = exact([...randomNumbers([3, 4], { seed: 2 })], [3, 4]);
      const gradients = compositeDefinitions.linear.backward([x, weight], randomTensor([2, 3]), {}, [
        false,
        true,
        false,
      ]);
      expect(gradients.map((gradient) => gradient?.shape ?? null)).toEqual([null, [3, 4], null]);
    });
  });
});
