import { sizeOf } from '@umt/tensor';
import type { TorchHandle } from '../torch/handle.ts';
import { DTYPE_CODES } from '../torch/native.ts';
import type { Torch } from '../torch/torch.ts';
import { needed, type TorchComposite } from './types.ts';

/** Picks tokens by row number; the gradient puts each row back where it came from. */
export const selectTokens: TorchComposite<'selectTokens'> = {
  forward: (torch, [input, at], { tokens }) => {
    const [x, indices] = [needed(input), needed(at)];
    const [batch = 0, , ...rest] = x.shape;
    const flat = torch.one('reshape', x, [batch * tokens, ...rest]);
    const picked = torch.one('index_select', flat, 0, rowsOf(torch, indices, tokens));
    return [torch.one('_unsafe_view', picked, [...indices.shape, ...rest])];
  },
  backward: (torch, [at], gradient, { tokens }) => {
    const indices = needed(at);
    const [batch = 0, selected = 0, ...rest] = gradient.shape;
    const shape = [batch, tokens, ...rest];
    if (sizeOf(gradient.shape) === 0) return [torch.full(shape, 0, gradient.code), null];
    const flat = torch.one('reshape', gradient, [batch * selected, sizeOf(rest)]);
    // indices are unique: every sum has one term, and is exact
    const rows = torch.one(
      'embedding_dense_backward',
      ...[flat, rowsOf(torch, indices, tokens), batch * tokens, -1, false],
    );
    return [torch.one('_unsafe_view', rows, shape), null];
  },
};

/** Token indices [B, M] as row numbers [B * M] of x with its first two axes merged. */
function rowsOf(torch: Torch, indices: TorchHandle, tokens: number): TorchHandle {
  const [batch = 0, selected = 0] = indices.shape;
  if (batch <= 1) return torch.one('reshape', indices, [batch * selected]);
  const starts = torch.one(
    'arange.start_step',
    ...[0, batch * tokens, tokens, DTYPE_CODES.int32, null, torch.deviceNumber],
  );
  const rows = torch.one('add.Tensor', indices, torch.one('unsqueeze', starts, 1));
  return torch.one('reshape', rows, [batch * selected]);
}

/** x over its L2 norm along the last axis; sums are taken in float32 whatever the precision. */
export const l2Normalize: TorchComposite<'l2Normalize'> = {
  forward: (torch, [input], { epsilon }) => {
    const x = needed(input);
    const squares = torch.one('sum.dim_IntList', torch.one('square', x), [-1], true, DTYPE_CODES.float32);
    torch.inPlace('add_.Scalar', squares, epsilon);
    const reciprocal = torch.one('to.dtype', torch.one('rsqrt', squares), x.code);
    return [torch.one('mul.Tensor', x, reciprocal), reciprocal];
  },
  backward: (torch, [input, norm], gradient) => {
    const [x, reciprocal] = [needed(input), needed(norm)];
    const y = torch.one('mul.Tensor', x, reciprocal);
    const along = torch.one('sum.dim_IntList', torch.one('mul.Tensor', gradient, y), [-1], true);
    torch.inPlace('mul_.Tensor', y, along);
    const across = torch.one('sub.Tensor', gradient, y);
    torch.inPlace('mul_.Tensor', across, reciprocal);
    return [across];
  },
};

/** Cross-entropy against target probabilities, row by row. */
export const softmaxCrossEntropy: TorchComposite<'softmaxCrossEntropy'> = {
  forward: (torch, [logits, targets]) => {
    const logs = torch.one('_log_softmax', needed(logits), -1, false);
    const along = torch.one('sum.dim_IntList', torch.one('mul.Tensor', needed(targets), logs), [1], false);
    return [torch.one('neg', along), torch.one('exp', logs)];
  },
  backward: (torch, [targets, probabilities], gradient) => {
    const towards = torch.one('sub.Tensor', needed(probabilities), needed(targets));
    torch.inPlace('mul_.Tensor', towards, torch.one('unsqueeze', gradient, 1));
    return [towards, null];
  },
};
