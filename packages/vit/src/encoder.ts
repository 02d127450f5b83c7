// B clips, M visible tokens, D width, L blocks.
import { Block, keepOfBlock, LayerNorm, Module, dropPathRates, type BlockKeep } from '@umt/nn';
import { addPositions, PatchEmbed } from '@umt/tokenizer';
import { checkpoint, scope, type Tensor } from '@umt/tensor';

/** Size of an encoder. */
export interface EncoderOptions {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly mlpRatio: number;
  readonly patch: number;
  readonly tubelet: number;
  readonly dropPath: number;
  readonly initValues: number;
}

/** What one forward pass is given besides its input. */
export interface ForwardContext {
  /** DropPath keep factors [L, 2, B] from `dropPathFactors`. Training only: without them no branch is dropped. */
  readonly dropPath?: Tensor;
  /** The first so many blocks keep no activations for the backward pass but compute them again. Default 0. */
  readonly recomputedBlocks?: number;
}

/** The space-time ViT of the student: blocks with joint attention over all visible tokens of a clip. */
export class Encoder extends Module {
  readonly patch_embed: PatchEmbed;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;
  /** DropPath rate of each block. */
  readonly dropPathRates: readonly number[];

  constructor({ width, depth, heads, mlpRatio, patch, tubelet, dropPath, initValues }: EncoderOptions) {
    super();
    this.patch_embed = new PatchEmbed({ width, frames: tubelet, patch });
    this.blocks = Array.from({ length: depth }, () => new Block({ width, heads, mlpRatio, initValues }));
    this.norm = new LayerNorm(width, 1e-6);
    this.dropPathRates = dropPathRates(dropPath, depth);
  }

  /**
   * Runs every block on the visible tokens and returns the outputs of some, before any norm.
   *
   * @param patches_BMP patch vectors [B, M, 3 k p p]
   * @param positions_ND position table [N, D]
   * @param visible int32 [B, M], the tokens that the patches are
   * @param wanted numbers of blocks
   * @returns [B, M, D] by block number
   */
  forward(
    patches_BMP: Tensor,
    positions_ND: Tensor,
    visible: Tensor,
    wanted: readonly number[],
    context: ForwardContext = {},
  ): ReadonlyMap<number, Tensor> {
    return scope(() => {
      const outputs = new Map<number, Tensor>();
      let x_BMD = scope(() => addPositions(this.patch_embed.forward(patches_BMP), positions_ND, visible));
      for (const [index, block] of this.blocks.entries()) {
        const next = runBlock(block, x_BMD, this.#keepOf(index, context), index < (context.recomputedBlocks ?? 0));
        if (!outputs.has(index - 1)) x_BMD.dispose(); // the tape keeps what it needs by itself
        x_BMD = next;
        if (wanted.includes(index)) outputs.set(index, x_BMD);
      }
      return outputs;
    });
  }

  /** The keep factors of a block; a block whose rate is 0 drops nothing, so that it needs none. */
  #keepOf(index: number, { dropPath }: ForwardContext): BlockKeep | undefined {
    return dropPath && this.dropPathRates[index] ? keepOfBlock(dropPath, index) : undefined;
  }
}

function runBlock(block: Block, x: Tensor, keep: BlockKeep | undefined, isRecomputed: boolean): Tensor {
  if (!isRecomputed) return block.forward(x, keep);
  if (!keep) return checkpoint((input) => block.forward(input), x);
  return checkpoint(
    (input, attention, mlp) => block.forward(input, attention && mlp ? { attention, mlp } : undefined),
    x,
    keep.attention,
    keep.mlp,
  );
}
