// The UMT pre-training student, from pixels to features that are compared with the teacher's.
// B clips, T frames of H x W pixels; N tokens, M of them visible; D width; K aligned layers; C width of the target.
import { alignedLayers, initialize, LayerNorm, Linear, Module, torchDefault, xavierUniform } from '@umt/nn';
import { patchVectors, addPositions, sinusoidTable, tokenCount } from '@umt/tokenizer';
import { keep, l2Normalize, scope, stack, tensor, type Tensor } from '@umt/tensor';
import { Encoder, type ForwardContext } from './encoder.ts';
import { checkStudentConfig, studentGrid, type StudentConfig } from './student-config.ts';

/** Brings one aligned layer to the teacher's width: Linear, LayerNorm and, by configuration, L2 normalisation. */
export class AlignmentHead extends Module {
  readonly head: Linear;
  readonly norm: LayerNorm;
  readonly #normalize: StudentConfig['normalize'];

  constructor(width: number, targetWidth: number, normalize: StudentConfig['normalize']) {
    super();
    this.head = new Linear(width, targetWidth);
    this.norm = new LayerNorm(targetWidth, 1e-6);
    this.#normalize = normalize;
  }

  /** [.., D] -> [.., C] */
  forward(x: Tensor): Tensor {
    const features = this.norm.forward(this.head.forward(x));
    return this.#normalize === 'l2' ? l2Normalize(features) : features;
  }
}

/** What a forward pass gives. */
export interface StudentOutput {
  /** [K, B, M, C], the shallowest aligned layer first: what the loss compares with the teacher. */
  readonly features: Tensor;
  /** The normalised encoder outputs behind it by block number, [B, M, D] each. */
  readonly layers: ReadonlyMap<number, Tensor>;
}

/**
 * The student: parameters under the reference's names, 184 tensors for B/16 and 340 for L/16. A new one is all zeros with
 * norms at (1, 0), to be loaded into; `createStudent` gives it the reference's initial values.
 */
export class Student extends Module {
  readonly encoder: Encoder;
  readonly clip_decoder: readonly AlignmentHead[];
  readonly config: StudentConfig;
  /** Numbers of the aligned blocks, ascending. */
  readonly alignedLayers: readonly number[];
  readonly #positions_ND: Tensor;

  /** @throws RangeError naming the field of the configuration that is wrong */
  constructor(config: StudentConfig) {
    super();
    checkStudentConfig(config);
    const { width, depth, targetWidth, normalize } = config;
    this.encoder = new Encoder(config);
    this.clip_decoder = Array.from(
      { length: config.alignedLayers },
      () => new AlignmentHead(width, targetWidth, normalize),
    );
    this.config = config;
    this.alignedLayers = alignedLayers(depth, config.alignedLayers, config.layerInterval);
    const positions = tokenCount(studentGrid(config));
    this.#positions_ND = keep(tensor(sinusoidTable(positions, width), [positions, width]));
  }

  /**
   * @param video_BTHWC [B, T, H, W, 3], normalised
   * @param visible int32 [B, M], the tokens kept of each clip, ascending as in the reference
   * @throws RangeError when the video is not of the configured size
   */
  forward(video_BTHWC: Tensor, visible: Tensor, context: ForwardContext = {}): StudentOutput {
    const { frames, imageSize, tubelet, patch } = this.config;
    const expected = [frames, imageSize, imageSize, 3];
    if (video_BTHWC.shape.slice(1).join() !== expected.join()) {
      throw new RangeError(
        `student: expected a video [B, ${expected.join(', ')}], got [${video_BTHWC.shape.join(', ')}]`,
      );
    }
    return scope(() =>
      this.forwardPatches(patchVectors(video_BTHWC, { frames: tubelet, patch }, visible), visible, context),
    );
  }

  /**
   * The same from the patch vectors of the visible tokens alone, as `patchVectors` of @umt/tokenizer cuts them.
   *
   * @param patches_BMP [B, M, 3 k p p]
   * @param visible int32 [B, M]
   */
  forwardPatches(patches_BMP: Tensor, visible: Tensor, context: ForwardContext = {}): StudentOutput {
    return scope(() => {
      const positions = this.#positions_ND;
      const encoded = this.encoder.forward(patches_BMP, positions, visible, this.alignedLayers, context);
      // one final norm serves every aligned layer
      const layers = new Map([...encoded].map(([index, x_BMD]) => [index, this.encoder.norm.forward(x_BMD)]));
      // and every head sees the positions once more
      const heads = [...layers.values()].map((x_BMD, slot) =>
        scope(() => this.clip_decoder[slot]?.forward(addPositions(x_BMD, positions, visible))),
      );
      return { features: stack(heads.filter((head) => head !== undefined)), layers };
    });
  }

  override dispose(): void {
    super.dispose();
    this.#positions_ND.dispose();
  }
}

/**
 * A student with the reference's initial values: Linears Xavier-uniform with zero biases, the patch embedding as PyTorch
 * leaves a convolution, norms at (1, 0), everything else 0.
 */
export function createStudent(config: StudentConfig, { seed }: { readonly seed: number }): Student {
  const student = new Student(config);
  const patchVolume = 3 * config.tubelet * config.patch ** 2;
  initialize(student, seed, (name, { shape }) => {
    if (name.startsWith('encoder.patch_embed.')) return torchDefault(patchVolume);
    return shape.length === 2 ? xavierUniform : null;
  });
  return student;
}
