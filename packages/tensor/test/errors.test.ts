import { createReferenceEngine } from '@umt/conformance';
import {
  add,
  attention,
  broadcastTo,
  concat,
  cumulativeSum,
  divide,
  equal,
  full,
  gather,
  l2Normalize,
  layerNorm,
  linear,
  logicalAnd,
  matmul,
  max,
  mean,
  oneHot,
  ones,
  pad,
  read,
  readScalar,
  reshape,
  scope,
  segmentSum,
  select,
  selectTokens,
  setEngine,
  slice,
  softmax,
  softmaxCrossEntropy,
  split,
  stack,
  sum,
  tanh,
  tensor,
  topK,
  transpose,
  zeros,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { exact, useReferenceEngine } from './support.ts';

const engine = useReferenceEngine();

/** Every message is one line, and nothing stays alive. */
function expectError(f: () => unknown, message: string): void {
  const before = engine().memory().tensors;
  let found = '';
  try {
    f();
  } catch (error) {
    found = error instanceof Error ? error.message : String(error);
  }
  expect(found).toBe(message);
  expect(engine().memory().tensors).toBe(before);
}

describe('shapes that do not fit are named', () => {
  const cases: Readonly<Record<string, readonly [() => unknown, string]>> = {
    add: [() => add(ones([2, 3]), ones([2])), 'add: shapes [2, 3] and [2] do not broadcast (axis 1: 3 against 2)'],
    matmul: [() => matmul(ones([2, 3]), ones([2, 3])), 'matmul: [2, 3] and [2, 3] do not fit'],
    'matmul, transposed': [
      () => matmul(ones([2, 3]), ones([2, 3]), { transposeA: true, transposeB: true }),
      'matmul: [2, 3] transposed and [2, 3] transposed do not fit',
    ],
    'matmul, leading axes': [
      () => matmul(ones([2, 1, 1]), ones([3, 1, 1])),
      'matmul: [2, 1, 1] and [3, 1, 1] do not fit',
    ],
    select: [
      () => select(ones([2], 'bool'), ones([3]), 1),
      'select: shapes [2] and [3] do not broadcast (axis 0: 2 against 3)',
    ],
    reshape: [() => reshape(ones([2, 3]), [4]), 'reshape: [2, 3] has 6 elements and cannot become [4]'],
    'reshape with -1': [
      () => reshape(ones([2, 3]), [4, -1]),
      'reshape: [2, 3] has 6 elements and cannot become [4, -1]',
    ],
    transpose: [
      () => transpose(ones([2, 3]), [0, 0]),
      'transpose: [0, 0] is not a permutation of the 2 axes of [2, 3]',
    ],
    'transpose of a line': [() => transpose(ones([3])), 'transpose: [3] has fewer than two axes to swap'],
    slice: [() => slice(ones([3]), [1], [3]), 'slice: start [1] and size [3] do not lie inside [3]'],
    'slice of half an element': [
      () => slice(ones([3]), [0.5], [1]),
      'slice: start [0.5] and size [1] do not lie inside [3]',
    ],
    split: [() => split(ones([2, 5]), 2), 'split: axis -1 of [2, 5] cannot be cut into 2'],
    'split into less than nothing': [
      () => split(ones([3]), [-1, 4], 0),
      'split: axis 0 of [3] cannot be cut into [-1,4]',
    ],
    pad: [() => pad(ones([3]), [1], [-1]), 'pad: before [1] and after [-1] do not fit [3]'],
    concat: [
      () => concat([ones([2, 3]), ones([2, 4])]),
      'concat: float32 [2, 4] does not join float32 [2, 3] along axis 0',
    ],
    'concat of nothing': [() => concat([]), 'concat: needs at least one tensor'],
    stack: [() => stack([ones([2]), ones([3])]), 'stack: [3] does not stack with [2]'],
    broadcastTo: [() => broadcastTo(ones([2, 3]), [3]), 'broadcastTo: [2, 3] does not broadcast to [3]'],
    segmentSum: [
      () => segmentSum(ones([3, 2]), zeros([2], 'int32'), 4),
      'segmentSum: segments [2] must name one segment for each row of [3, 2]',
    ],
    topK: [() => topK(ones([3]), 4), 'topK: k = 4 is not between 1 and the last axis of [3]'],
    axis: [() => sum(ones([2, 3]), { axes: 2 }), 'sum: axis 2 is not one of the 2 axes'],
    'axis twice': [() => mean(ones([2, 3]), { axes: [1, -1] }), 'mean: axes [1, -1] name one axis twice'],
    max: [() => max(zeros([0])), 'max: [0] has no elements'],
    softmax: [() => softmax(zeros([])), 'softmax: a scalar has no last axis'],
    gather: [() => gather(ones([]), zeros([2], 'int32')), 'gather: a scalar has no rows'],
    cumulativeSum: [() => cumulativeSum(ones([])), 'cumulativeSum: axis -1 is not one of the 0 axes'],
    oneHot: [
      () => oneHot(zeros([1], 'int32'), 1.5),
      'oneHot: [1.5] is not a shape; lengths are whole numbers, 0 or more',
    ],
    linear: [() => linear(ones([2, 3]), ones([4, 2])), 'linear: x [2, 3] needs a weight [out, 3], got [4, 2]'],
    'linear, bias': [
      () => linear(ones([2, 3]), ones([4, 3]), ones([3])),
      'linear: weight [4, 3] needs a bias [4], got [3]',
    ],
    layerNorm: [
      () => layerNorm(ones([2, 3]), ones([3]), ones([2]), 1e-5),
      'layerNorm: x [2, 3] needs scale and shift [3], got [3] and [2]',
    ],
    l2Normalize: [() => l2Normalize(ones([])), 'l2Normalize: a scalar has no last axis'],
    attention: [
      () => attention(ones([1, 2, 4]), ones([1, 3, 4]), ones([1, 2, 4]), { heads: 2 }),
      'attention: q [1, 2, 4], k [1, 3, 4] and v [1, 2, 4] must be [B, Nq, D], [B, Nk, D], [B, Nk, D]',
    ],
    'attention, heads': [
      () => attention(ones([1, 2, 4]), ones([1, 2, 4]), ones([1, 2, 4]), { heads: 3 }),
      'attention: width 4 does not split into 3 heads',
    ],
    'attention, mask': [
      () => attention(ones([1, 2, 4]), ones([1, 3, 4]), ones([1, 3, 4]), { heads: 2, keyMask: ones([1, 2], 'bool') }),
      'attention: keyMask [1, 2] must be [B, Nk] = [1, 3]',
    ],
    selectTokens: [
      () => selectTokens(ones([2, 3, 4]), zeros([3, 1], 'int32')),
      'selectTokens: x [2, 3, 4] and indices [3, 1] must be [B, N, ..] and [B, M]',
    ],
    softmaxCrossEntropy: [
      () => softmaxCrossEntropy(ones([2, 3]), ones([2])),
      'softmaxCrossEntropy: logits [2, 3] and targets [2] must both be [R, C]',
    ],
    tensor: [() => tensor([1, 2, 3], [2]), 'tensor: shape [2] needs 2 elements, got 3'],
    'tensor of a negative shape': [
      () => tensor([1, 2], [-1, -2]),
      'tensor: [-1, -2] is not a shape; lengths are whole numbers, 0 or more',
    ],
    full: [() => full([1.5], 0), 'full: [1.5] is not a shape; lengths are whole numbers, 0 or more'],
  };
  for (const [name, [f, message]] of Object.entries(cases)) {
    it(name, () => expectError(() => scope(f), message));
  }
});

describe('dtypes that do not fit are named', () => {
  const whole = () => zeros([2], 'int32');
  const bool = () => zeros([2], 'bool');
  const cases: Readonly<Record<string, readonly [() => unknown, string]>> = {
    'two dtypes': [() => add(ones([2]), whole()), 'add: dtypes float32 and int32 differ; cast one of them'],
    'arithmetic on bool': [
      () => add(bool(), bool()),
      'add: expected float32 or bfloat16 or float16 or int32, got bool [2]',
    ],
    'division of int32': [() => divide(whole(), 2), 'divide: expected float32 or bfloat16 or float16, got int32 [2]'],
    'a function of int32': [() => tanh(whole()), 'tanh: expected float32 or bfloat16 or float16, got int32 [2]'],
    'a fraction beside int32': [
      () => equal(whole(), 0.5),
      'equal: 0.5 is not an int32; cast the int32 tensor [2] to float32 first',
    ],
    'two numbers': [() => add(1, 2), 'add: at least one operand must be a tensor'],
    'logic on numbers': [() => logicalAnd(ones([2]), ones([2])), 'logicalAnd: expected bool, got float32 [2]'],
    'a condition that is none': [() => select(ones([2]), 1, 2), 'select: expected bool, got float32 [2]'],
    'indices that are none': [() => gather(ones([2]), ones([1])), 'gather: expected int32, got float32 [1]'],
    'a weight of another dtype': [
      () => linear(ones([2]), zeros([3, 2], 'int32')),
      'linear: expected float32, got int32 [3, 2]',
    ],
    'a mask that is none': [
      () => attention(ones([1, 1, 2]), ones([1, 1, 2]), ones([1, 1, 2]), { heads: 1, keyMask: ones([1, 1]) }),
      'attention: expected bool, got float32 [1, 1]',
    ],
  };
  for (const [name, [f, message]] of Object.entries(cases)) {
    it(name, () => expectError(() => scope(f), message));
  }
});

describe('engines', () => {
  it('do not mix', () => {
    const here = exact([1]);
    setEngine(createReferenceEngine());
    const there = exact([2]);
    setEngine(engine());
    expectError(
      () => add(here, there),
      "add: inputs are on two engines, 'reference' and 'reference'; read one and upload it to the other",
    );
    expectError(
      () => linear(here, reshape(there, [1, 1])),
      "linear: inputs are on two engines, 'reference' and 'reference'; read one and upload it to the other",
    );
    here.dispose();
  });

  it('must be set before tensors are made from nothing', () => {
    setEngine(undefined);
    expect(() => zeros([1])).toThrow(
      'no engine is set; call setEngine(await createWasmEngine()) or use @umt/runtime first',
    );
    setEngine(engine());
  });
});

describe('reading', () => {
  it('gives typed arrays by dtype', async () => {
    const made = [tensor([0.5, 2], [2]), tensor([1.9, -1.9], [2], 'int32'), tensor([0.5, 0], [2], 'bool')];
    expect(await Promise.all(made.map(read))).toEqual([
      Float32Array.of(0.5, 2),
      Int32Array.of(1, -1),
      Uint8Array.of(1, 0),
    ]);
    for (const one of made) one.dispose();
  });

  it('takes the dtype from a typed array', () => {
    scope(() => {
      expect(tensor(Int32Array.of(1), [1]).dtype).toBe('int32');
      expect(tensor(Uint8Array.of(7), [1]).dtype).toBe('bool');
      expect(tensor(Float32Array.of(1), [1]).dtype).toBe('float32');
    });
  });

  it('reads a scalar, and rejects for anything else or for a disposed tensor', async () => {
    const x = tensor([3, 4], [2]);
    const one = tensor([3], [1, 1]);
    expect(await readScalar(one)).toBe(3);
    await expect(readScalar(x)).rejects.toThrow('readScalar: expected one element, got [2]');
    x.dispose();
    one.dispose();
    await expect(read(x)).rejects.toThrow('already disposed');
  });
});
