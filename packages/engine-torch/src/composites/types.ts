import type { CompositeAttributes, CompositeName } from '@umt/tensor';
import type { TorchHandle } from '../torch/handle.ts';
import type { Torch } from '../torch/torch.ts';

/** One composite in ATen's operators, both halves. */
export interface TorchComposite<C extends CompositeName> {
  /** The output, then what backward reads. */
  readonly forward: (
    torch: Torch,
    inputs: readonly (TorchHandle | null)[],
    attributes: CompositeAttributes[C],
  ) => readonly TorchHandle[];
  /** Gradients per input; null where `needs` is false. `saved` holds the saved inputs, then the rest of forward's results. */
  readonly backward: (
    torch: Torch,
    saved: readonly (TorchHandle | null)[],
    gradient: TorchHandle,
    attributes: CompositeAttributes[C],
    needs: readonly boolean[],
  ) => readonly (TorchHandle | null)[];
}

/** A tensor that must be there. */
export function needed(handle: TorchHandle | null | undefined): TorchHandle {
  if (!handle) throw new Error('torch: a composite was called with too few tensors');
  return handle;
}
