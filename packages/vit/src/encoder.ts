// B clips, M visible tokens, D width, L blocks.
import { Block, LayerNorm, Module, dropPathRates } from '@umt/nn';
import { addPositions, PatchEmbed } from '@umt/tokenizer';
import { scope, type Tensor } from '@umt/tensor';
import { runBlock, type ForwardContext } from './run-block.ts';

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
        const next = runBlock(block, x_BMD, { number: index, rate: this.dropPathRates[index] ?? 0 }, context);
        if (!outputs.has(index - 1)) x_BMD.dispose(); // the tape keeps what it needs by itself
        x_BMD = next;
        if (wanted.includes(index)) outputs.set(index, x_BMD);
      }
      return outputs;
    });
  }
}
