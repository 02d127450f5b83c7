// B clips, M visible tokens, D width, L blocks.
import { Block, LayerNorm, Module, Parameter, dropPathRates } from '@umt/nn';
import { addPositions, PatchEmbed } from '@umt/tokenizer';
import { reshape, scope, zeros, type Tensor } from '@umt/tensor';
import { runBlocks, type ForwardContext } from './run-block.ts';

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
  /** Whether queries and values have a bias. */
  readonly qkvBias: boolean;
  /** How many positions it learns as `pos_embed`; 0, the default, where its caller has a constant table. */
  readonly learnedPositions?: number;
}

/** The space-time ViT of the student: blocks with joint attention over all visible tokens of a clip. */
export class Encoder extends Module {
  /** [1, N, D]; null where positions are constants. */
  readonly pos_embed: Parameter | null;
  readonly patch_embed: PatchEmbed;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;
  /** DropPath rate of each block. */
  readonly dropPathRates: readonly number[];

  constructor(options: EncoderOptions) {
    super();
    const { width, depth, heads, mlpRatio, patch, tubelet, dropPath, initValues, qkvBias } = options;
    const { learnedPositions = 0 } = options;
    this.pos_embed = learnedPositions > 0 ? new Parameter(zeros([1, learnedPositions, width])) : null;
    this.patch_embed = new PatchEmbed({ width, frames: tubelet, patch });
    this.blocks = Array.from({ length: depth }, () => new Block({ width, heads, mlpRatio, initValues, qkvBias }));
    this.norm = new LayerNorm(width, 1e-6);
    this.dropPathRates = dropPathRates(dropPath, depth);
  }

  /**
   * Runs every block on the visible tokens and returns the outputs of some, before any norm.
   *
   * @param patches_BMP patch vectors [B, M, 3 k p p]
   * @param positions_ND position table [N, D], used where the encoder learns none
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
      const table_ND = this.pos_embed ? reshape(this.pos_embed.value, positions_ND.shape) : positions_ND;
      const tokens_BMD = scope(() => addPositions(this.patch_embed.forward(patches_BMP), table_ND, visible));
      return runBlocks(this.blocks, tokens_BMD, { rates: this.dropPathRates, wanted }, context).layers;
    });
  }
}
