import type { CompositeAttributes, CompositeKernel, CompositeKernels, CompositeName, Handle } from '@umt/tensor';
import type { Torch } from '../torch/torch.ts';
import { attention } from './attention.ts';
import { gelu, layerNorm, linear, quickGelu } from './dense.ts';
import { adamw, sumOfSquares, type OwnedAdamW } from './optimizer.ts';
import { l2Normalize, selectTokens, softmaxCrossEntropy } from './selection.ts';
import type { TorchComposite } from './types.ts';

/** Every composite of the contract, over one Torch. */
export function torchComposites(torch: Torch): CompositeKernels {
  return {
    linear: kernelOf(torch, linear),
    layerNorm: kernelOf(torch, layerNorm),
    gelu: kernelOf(torch, gelu),
    quickGelu: kernelOf(torch, quickGelu),
    attention: kernelOf(torch, attention),
    selectTokens: kernelOf(torch, selectTokens),
    l2Normalize: kernelOf(torch, l2Normalize),
    softmaxCrossEntropy: kernelOf(torch, softmaxCrossEntropy),
    adamw: (handles, attributes) => {
      const owned = Object.fromEntries(
        Object.entries(handles).map(([name, handle]: [string, Handle]) => [name, torch.own(handle)]),
      ) as unknown as OwnedAdamW;
      const results = torch.step(() => adamw(torch, owned, attributes));
      return results as unknown as readonly [Handle, Handle, Handle];
    },
    sumOfSquares: (handles) => {
      const [total] = torch.step(() => [
        sumOfSquares(
          torch,
          handles.map((handle) => torch.own(handle)),
        ),
      ]);
      if (!total) throw new Error('torch: no sum of squares');
      return total;
    },
  };
}

function kernelOf<C extends CompositeName>(
  torch: Torch,
  { forward, backward }: TorchComposite<C>,
): CompositeKernel<CompositeAttributes[C]> {
  const own = (handles: readonly (Handle | null)[]) => handles.map((handle) => handle && torch.own(handle));
  return {
    forward: (inputs, attributes) =>
      torch.step(() => forward(torch, own(inputs), attributes)).flatMap((handle) => handle ?? []),
    backward: (saved, gradient, attributes, needs) =>
      torch.step(() => backward(torch, own(saved), torch.own(gradient), attributes, needs)),
  };
}
