import { keepOfBlock, type Block, type BlockKeep } from '@umt/nn';
import { checkpoint, type Tensor } from '@umt/tensor';

/** What one forward pass is given besides its input. */
export interface ForwardContext {
  /** DropPath keep factors [L, 2, B] from `dropPathFactors`. Training only: without them no branch is dropped. */
  readonly dropPath?: Tensor;
  /** The first so many blocks keep no activations for the backward pass but compute them again. Default 0. */
  readonly recomputedBlocks?: number;
}

/** Which block of a model this is. */
export interface BlockPlace {
  /** From 0, over all blocks of the model: its row in the DropPath factors. */
  readonly number: number;
  /** Its DropPath rate; at 0 it drops nothing, so that it needs no factors. */
  readonly rate: number;
}

/** Runs one block as the context says: [B, M, D] -> [B, M, D] */
export function runBlock(
  block: Block,
  x_BMD: Tensor,
  { number, rate }: BlockPlace,
  { dropPath, recomputedBlocks = 0 }: ForwardContext,
): Tensor {
  const keep: BlockKeep | undefined = dropPath && rate > 0 ? keepOfBlock(dropPath, number) : undefined;
  if (number >= recomputedBlocks) return block.forward(x_BMD, keep);
  if (!keep) return checkpoint((input) => block.forward(input), x_BMD);
  return checkpoint(
    (input, attention, mlp) => block.forward(input, attention && mlp ? { attention, mlp } : undefined),
    x_BMD,
    keep.attention,
    keep.mlp,
  );
}
