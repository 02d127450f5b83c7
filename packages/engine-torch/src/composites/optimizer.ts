import type { AdamWAttributes, AdamWHandles } from '@umt/tensor';
import type { TorchHandle } from '../torch/handle.ts';
import { DTYPE_CODES } from '../torch/native.ts';
import type { Torch } from '../torch/torch.ts';

/** The handles of one update, all owned. */
export type OwnedAdamW = { readonly [H in keyof AdamWHandles]: TorchHandle };

/** One AdamW update in the memory of parameter and moments; memory that a view shares is copied first. */
export function adamw(torch: Torch, handles: OwnedAdamW, attributes: AdamWAttributes): readonly TorchHandle[] {
  const { parameter, firstMoment, secondMoment } = handles;
  const consumed = [parameter, firstMoment, secondMoment];
  const results = consumed.map((handle) => (torch.isSoleOwner(handle) ? handle : torch.one('clone', handle, 0)));
  if (torch.device.type === 'cuda') updateOnCuda(torch, handles, results, attributes);
  else if (parameter.code === DTYPE_CODES.float32) updateOnCpu(torch, handles, results, attributes);
  else updateWider(torch, handles, results, attributes);
  // what was not written in place is replaced
  for (const [index, handle] of consumed.entries()) if (results[index] !== handle) torch.free(handle);
  return results;
}

/** One pass over memory. */
function updateOnCpu(
  torch: Torch,
  { gradient, step, gradientScale, apply }: OwnedAdamW,
  [p, m, v]: readonly TorchHandle[],
  { learningRate, beta1, beta2, epsilon, weightDecay }: AdamWAttributes,
): void {
  if (!p || !m || !v) return;
  const tensors = [p, gradient, m, v, step, gradientScale, apply];
  torch.loop('adamw', tensors, learningRate, beta1, beta2, epsilon, weightDecay);
}

/** On the CPU in another precision: worked out in float32. */
function updateWider(
  torch: Torch,
  handles: OwnedAdamW,
  results: readonly TorchHandle[],
  attributes: AdamWAttributes,
): void {
  const wide = results.map((handle) => torch.one('to.dtype', handle, DTYPE_CODES.float32));
  const gradient = torch.one('to.dtype', handles.gradient, DTYPE_CODES.float32);
  updateOnCpu(torch, { ...handles, gradient }, wide, attributes);
  for (const [index, handle] of results.entries()) torch.inPlace('copy_', handle, wide[index] ?? null, false);
}

/** torch's fused kernel: nothing is read back, and where `apply` is false nothing is written. */
function updateOnCuda(
  torch: Torch,
  { gradient, step, gradientScale, apply }: OwnedAdamW,
  [p, m, v]: readonly TorchHandle[],
  { learningRate, beta1, beta2, epsilon, weightDecay }: AdamWAttributes,
): void {
  if (!p || !m || !v) return;
  // torch would scale the gradient in its own memory, which is not ours to change
  const scaled = torch.one('mul.Tensor', gradient, gradientScale);
  const isRefused = torch.one('to.dtype', torch.one('logical_not', apply), DTYPE_CODES.float32);
  torch.all(
    '_fused_adamw_',
    ...[[p], [scaled], [m], [v], [], [step]],
    ...[learningRate, beta1, beta2, weightDecay, epsilon, false, false, null, isRefused],
  );
}

/** The sum of squares over all handles, a float32 scalar. */
export function sumOfSquares(torch: Torch, handles: readonly TorchHandle[]): TorchHandle {
  if (torch.device.type === 'cpu') {
    const wide = handles.map((handle) =>
      handle.code === DTYPE_CODES.float32 ? handle : torch.one('to.dtype', handle, DTYPE_CODES.float32),
    );
    return torch.full([], torch.sumOfSquares(wide), DTYPE_CODES.float32);
  }
  const norms = torch.all('_foreach_norm.Scalar', handles, 2).flatMap((norm) => norm ?? []);
  const wide = norms.map((norm) => torch.one('to.dtype', norm, DTYPE_CODES.float32));
  return torch.one('sum', torch.one('square', torch.one('stack', wide, 0)), DTYPE_CODES.float32);
}
