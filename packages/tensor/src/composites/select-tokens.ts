import { sizeOf } from '../dtype.ts';
import { fullLike, tensorLike } from '../operations/create.ts';
import { add, cast } from '../operations/elementwise.ts';
import { concat, gather, reshape, segmentSum } from '../operations/shape.ts';
import { expectDType, show } from '../shapes.ts';
import type { Tensor } from '../tensor.ts';
import type { CompositeAttributes } from './contract.ts';
import { given, runComposite, type CompositeDefinition } from './definition.ts';

/** Whole numbers below this are exact in float32. */
const LARGEST_EXACT = 2 ** 24;

/** `selectTokens` in primitives: gathers both ways, so that nothing is summed and the result is exact. */
export const selectTokensDefinition: CompositeDefinition<CompositeAttributes['selectTokens']> = {
  savedInputs: [1],
  forward: (inputs) => {
    const x = given('selectTokens', inputs, 0);
    const indices = given('selectTokens', inputs, 1);
    const [batch = 0, tokens = 0, ...rest] = x.shape;
    const rows = gather(reshape(x, [batch * tokens, ...rest]), rowsOf(indices, tokens));
    return [reshape(rows, [...indices.shape, ...rest])];
  },
  backward: (saved, gradient, { tokens }) => {
    const indices = given('selectTokens', saved, 0);
    const [batch = 0, selected = 0] = indices.shape;
    const rest = gradient.shape.slice(2);
    if (batch * selected >= LARGEST_EXACT) {
      throw new Error(`selectTokens: ${batch * selected} selected tokens are more than float32 can number`);
    }
    // row 0 of the table is zeros; row r + 1 is the gradient of the r-th selected token
    const table = concat([fullLike(gradient, 0, [1, ...rest]), reshape(gradient, [batch * selected, ...rest])], 0);
    const numbers = tensorLike(indices, countUp(batch * selected, 1), [batch * selected], 'float32');
    const inverse = cast(segmentSum(numbers, rowsOf(indices, tokens), batch * tokens), 'int32');
    return [reshape(gather(table, inverse), [batch, tokens, ...rest]), null];
  },
};

/**
 * Picks tokens: x [B, N, ..], indices int32 [B, M] -> [B, M, ..]. The indices of one sample must be unique and in
 * 0 .. N - 1 (a repeated index would lose gradient).
 * @throws when shapes do not fit or the indices are not int32.
 */
export function selectTokens(x: Tensor, indices: Tensor): Tensor {
  expectDType('selectTokens', indices, 'int32');
  if (x.shape.length < 2 || indices.shape.length !== 2 || indices.shape[0] !== x.shape[0]) {
    throw new Error(
      `selectTokens: x ${show(x.shape)} and indices ${show(indices.shape)} must be [B, N, ..] and [B, M]`,
    );
  }
  return runComposite('selectTokens', selectTokensDefinition, [x, indices], { tokens: x.shape[1] ?? 0 });
}

/** Token indices [B, M] as row numbers [B * M] of x with its first two axes merged. */
function rowsOf(indices: Tensor, tokens: number): Tensor {
  const [batch = 0] = indices.shape;
  const offsets = tensorLike(
    indices,
    Int32Array.from({ length: batch }, (_, sample) => sample * tokens),
    [batch, 1],
    'int32',
  );
  return reshape(add(indices, offsets), [sizeOf(indices.shape)]);
}

function countUp(length: number, from: number): Float32Array {
  const numbers = new Float32Array(length);
  for (let index = 0; index < length; index++) numbers[index] = from + index;
  return numbers;
}
