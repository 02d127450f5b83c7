import type { PrimitiveAttributes, PrimitiveName } from '@umt/tensor';
import type { TorchHandle } from '../torch/handle.ts';
import type { Torch } from '../torch/torch.ts';

/** One primitive in ATen's operators. */
export type Kernel<P extends PrimitiveName> = (
  torch: Torch,
  inputs: readonly TorchHandle[],
  attributes: PrimitiveAttributes[P],
) => readonly TorchHandle[];

/** A table of all primitives. */
export type Kernels = { readonly [P in PrimitiveName]: Kernel<P> };

/** An input that must be there. */
export function given(handle: TorchHandle | undefined): TorchHandle {
  if (!handle) throw new Error('torch: a primitive was called with too few inputs');
  return handle;
}
