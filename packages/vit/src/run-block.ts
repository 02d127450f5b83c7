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
interface BlockPlace {
  /** From 0, over all blocks of the model: its row in the DropPath factors. */
  readonly number: number;
  /** Its DropPath rate; at 0 it drops nothing, so that it needs no factors. */
  readonly rate: number;
}

/** Which blocks of a model these are, and which of their outputs are asked for. */
export interface BlockPlaces {
  /** Their DropPath rates. */
  readonly rates: readonly number[];
  /** The number, over all blocks of the model, of the first one. Default 0. */
  readonly first?: number;
  /** Places in the list, from 0. Default none. */
  readonly wanted?: readonly number[];
}

/** What blocks give, [B, M, D] each, before any norm. */
export interface BlockOutputs {
  readonly last: Tensor;
  /** The outputs asked for, by place in the list. */
  readonly layers: ReadonlyMap<number, Tensor>;
}

/**
 * Runs blocks one after the other as the context says. To be called in a scope, which frees what is not returned.
 *
 * @param input_BMD [B, M, D]; taken over, that is disposed as soon as the first block has run
 */
export function runBlocks(
  blocks: readonly Block[],
  input_BMD: Tensor,
  { rates, first = 0, wanted = [] }: BlockPlaces,
  context: ForwardContext,
): BlockOutputs {
  const layers = new Map<number, Tensor>();
  let x_BMD = input_BMD;
  for (const [index, block] of blocks.entries()) {
    const next = runBlock(block, x_BMD, { number: first + index, rate: rates[index] ?? 0 }, context);
    if (!layers.has(index - 1)) x_BMD.dispose(); // the tape keeps what it needs by itself
    x_BMD = next;
    if (wanted.includes(index)) layers.set(index, x_BMD);
  }
  return { last: x_BMD, layers };
}

/** Runs one block as the context says: [B, M, D] -> [B, M, D] */
function runBlock(
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
