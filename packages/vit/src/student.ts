// The UMT pre-training student, from pixels to features that are compared with the teacher's.
// B clips, T frames of H x W pixels; N tokens, M of them visible; D width; K aligned layers; C width of the target.
import { alignedLayers, initialize, Module, torchDefault, truncatedNormal, xavierUniform } from '@umt/nn';
import { patchVectors, addPositions, sinusoidTable, tokenCount } from '@umt/tokenizer';
import { keep, scope, stack, tensor, type Tensor } from '@umt/tensor';
import {
  alignmentHeads,
  ExtraTeacherHeads,
  type AlignmentHead,
  type AlignmentTarget,
  type MlpAlignmentHead,
} from './alignment-head.ts';
import { checkVideo } from './check-size.ts';
import { Encoder } from './encoder.ts';
import type { ForwardContext } from './run-block.ts';
import { checkStudentConfig, studentGrid, type StudentConfig } from './student-config.ts';

/** What a forward pass gives. */
export interface StudentOutput {
  /** [K, B, M, C], the shallowest aligned layer first: what the loss compares with the teacher. */
  readonly features: Tensor;
  /** The same for each of the configuration's `extraTeachers`. */
  readonly extraFeatures: readonly Tensor[];
  /** The normalised encoder outputs behind it by block number, [B, M, D] each. */
  readonly layers: ReadonlyMap<number, Tensor>;
}

/**
 * The student: parameters under the reference's names, 184 tensors for B/16 and 340 for L/16; heads for a teacher beyond the
 * first follow as `extra_teachers.{number from 0}.decoder.{head}`. A new one is all zeros with
 * norms at (1, 0), to be loaded into; `createStudent` gives it the reference's initial values.
 */
export class Student extends Module {
  readonly encoder: Encoder;
  readonly clip_decoder: readonly (AlignmentHead | MlpAlignmentHead)[];
  readonly extra_teachers: readonly ExtraTeacherHeads[];
  readonly config: StudentConfig;
  /** Numbers of the blocks aligned with the first teacher, ascending. */
  readonly alignedLayers: readonly number[];
  readonly #extraLayers: readonly (readonly number[])[];
  readonly #positions_ND: Tensor;

  /** @throws RangeError naming the field of the configuration that is wrong */
  constructor(config: StudentConfig) {
    super();
    checkStudentConfig(config);
    const { width, extraTeachers } = config;
    const positions = tokenCount(studentGrid(config));
    this.encoder = new Encoder({ ...config, learnedPositions: config.learnablePositions ? positions : 0 });
    this.clip_decoder = alignmentHeads(width, config);
    this.extra_teachers = extraTeachers.map((target) => new ExtraTeacherHeads(width, target));
    this.config = config;
    const layersOf = (target: AlignmentTarget) =>
      alignedLayers(config.depth, target.alignedLayers, target.layerInterval);
    this.alignedLayers = layersOf(config);
    this.#extraLayers = extraTeachers.map(layersOf);
    this.#positions_ND = keep(tensor(sinusoidTable(positions, width), [positions, width]));
  }

  /**
   * @param video_BTHWC [B, T, H, W, 3], normalised
   * @param visible int32 [B, M], the tokens kept of each clip, ascending as in the reference
   * @throws RangeError when the video is not of the configured size
   */
  forward(video_BTHWC: Tensor, visible: Tensor, context: ForwardContext = {}): StudentOutput {
    const { tubelet, patch } = this.config;
    checkVideo('student', video_BTHWC, this.config);
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
      const wanted = [...new Set([this.alignedLayers, ...this.#extraLayers].flat())].sort((a, b) => a - b);
      const encoded = this.encoder.forward(patches_BMP, positions, visible, wanted, context);
      // one final norm serves every aligned layer
      const layers = new Map([...encoded].map(([index, x_BMD]) => [index, this.encoder.norm.forward(x_BMD)]));
      // and every head sees the sine table once more, whatever the encoder's positions are
      const align = (heads: Student['clip_decoder'], indices: readonly number[]) => {
        const aligned = indices.map((index, slot) => {
          const x_BMD = layers.get(index);
          return x_BMD && scope(() => heads[slot]?.forward(addPositions(x_BMD, positions, visible)));
        });
        return stack(aligned.filter((features) => features !== undefined));
      };
      return {
        features: align(this.clip_decoder, this.alignedLayers),
        extraFeatures: this.extra_teachers.map(({ decoder }, index) => align(decoder, this.#extraLayers[index] ?? [])),
        layers,
      };
    });
  }

  override dispose(): void {
    super.dispose();
    this.#positions_ND.dispose();
  }
}

/**
 * A student with the reference's initial values: Linears Xavier-uniform with zero biases, the patch embedding as PyTorch
 * leaves a convolution, learned positions normal with std 0.02, cut at 0.02, norms at (1, 0), everything else 0.
 */
export function createStudent(config: StudentConfig, { seed }: { readonly seed: number }): Student {
  const student = new Student(config);
  const patchVolume = 3 * config.tubelet * config.patch ** 2;
  initialize(student, seed, (name, { shape }) => {
    if (name === 'encoder.pos_embed') return truncatedNormal(0.02, 0.02);
    if (name.startsWith('encoder.patch_embed.')) return torchDefault(patchVolume);
    return shape.length === 2 ? xavierUniform : null;
  });
  return student;
}
