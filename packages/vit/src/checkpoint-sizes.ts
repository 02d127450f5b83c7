import type { ParameterSource } from '@umt/nn';
import type { TokenGrid } from '@umt/tokenizer';
import { checkClassifierConfig, type ClassifierConfig } from './classifier-config.ts';
import { pretrainingGrid } from './classifier-positions.ts';
import { ReferenceCheckpointError, trunkSource } from './reference-checkpoint.ts';
import { sourceGrid } from './source-grid.ts';

/** The reference's models all have heads of this width. */
const HEAD_WIDTH = 64;
const LETTERS: Readonly<Record<string, string>> = { '768x12': 'B', '1024x24': 'L', '1280x32': 'H' };
/** LayerScale's initial value where a checkpoint has LayerScale, which no longer tells it. */
const INITIAL_SCALE = 0.1;

const KERNEL = /^(module\.)?((backbone|encoder)\.)?patch_embed\.proj\.weight$/;

/** A model that a checkpoint fits. */
export interface VitDescription {
  readonly model: 'umt-pretrain' | 'videomae-pretrain' | 'video-classifier';
  /** One line, such as `video classifier L/16, 710 classes, 16 frames 224 px`. */
  readonly summary: string;
}

/**
 * The configuration of the classifier that a checkpoint of the reference fits, from names and shapes: a classifier's, or a
 * pre-training model's, of which `classes` must be said. Its clips are 8 frames (or tubelets) of 224 x 224 unless it has a
 * position table of another length. What it does not tell is as in the reference: heads of width 64, no dropout.
 *
 * @param changes fields that shall be otherwise; `heads` where they are not of width 64
 * @throws ReferenceCheckpointError when it is no video transformer, RangeError naming the field that is wrong
 */
export function classifierConfigOf(
  checkpoint: ParameterSource,
  changes: Partial<ClassifierConfig> = {},
): ClassifierConfig {
  const source = trunkSource(checkpoint);
  const trunk = trunkSizes(source);
  const classes = changes.classes ?? source.shapes.get('head.weight')?.[0];
  if (classes === undefined) {
    throw new ReferenceCheckpointError("the checkpoint has no 'head.weight': say how many classes there are");
  }
  if (changes.heads === undefined && !Number.isInteger(trunk.heads)) {
    throw new ReferenceCheckpointError(
      `the checkpoint's width, ${trunk.width}, makes no whole number of heads of width ${HEAD_WIDTH}: say how many heads there are`,
    );
  }
  const config: ClassifierConfig = {
    ...trunk,
    ...clipSizes(source, trunk, changes),
    classes,
    pooling: poolingOf(source),
    dropPath: 0,
    dropout: 0,
    initScale: 0.001,
    ...changes,
  };
  checkClassifierConfig(config);
  return config;
}

/** What model of the reference a checkpoint fits, from names and shapes; null where it is none of them. */
export function describeVitCheckpoint(checkpoint: ParameterSource): VitDescription | null {
  const kernel = [...checkpoint.shapes].find(([name]) => KERNEL.test(name));
  if (kernel?.[1].length !== 5) return null;
  const source = trunkSource(checkpoint);
  if (!source.shapes.has('blocks.0.mlp.fc1.weight')) return null;
  const trunk = trunkSizes(source);
  const size = sizeName(trunk);
  const grid = gridOf(source, trunk, {});
  const frames = grid ? `${grid.frames * trunk.tubelet} frames` : 'clips of unknown size';
  if (source.shapes.has('encoder_to_decoder.weight')) {
    return { model: 'videomae-pretrain', summary: `VideoMAE ${size}, ${frames}` };
  }
  if (source.shapes.has('clip_decoder.0.norm.weight')) {
    return { model: 'umt-pretrain', summary: `UMT ${size} student, ${frames}` };
  }
  const classes = source.shapes.get('head.weight')?.[0];
  if (classes === undefined) return null;
  const clip = grid ? `${frames} ${grid.rows * trunk.patch} px` : frames;
  return { model: 'video-classifier', summary: `video classifier ${size}, ${classes} classes, ${clip}` };
}

type TrunkSizes = Pick<
  ClassifierConfig,
  'width' | 'depth' | 'heads' | 'mlpRatio' | 'patch' | 'tubelet' | 'qkvBias' | 'initValues'
>;

function trunkSizes(source: ParameterSource): TrunkSizes {
  const [width = 0, , tubelet = 0, patch = 0] = shapeOf(source, 'patch_embed.proj.weight');
  const [hidden = 0] = shapeOf(source, 'blocks.0.mlp.fc1.weight');
  const numbers = [...source.shapes.keys()].flatMap((name) => /^blocks\.(\d+)\./.exec(name)?.[1] ?? []);
  return {
    width,
    depth: new Set(numbers).size,
    heads: width / HEAD_WIDTH,
    mlpRatio: hidden / width,
    patch,
    tubelet,
    qkvBias: source.shapes.has('blocks.0.attn.q_bias'),
    initValues: source.shapes.has('blocks.0.gamma_1') ? INITIAL_SCALE : 0,
  };
}

/** The clips that a checkpoint's positions are for. */
function clipSizes(
  source: ParameterSource,
  trunk: TrunkSizes,
  changes: Partial<ClassifierConfig>,
): Pick<ClassifierConfig, 'frames' | 'imageSize'> {
  const { frames, imageSize } = changes;
  if (frames !== undefined && imageSize !== undefined) return { frames, imageSize };
  const grid = gridOf(source, trunk, changes);
  if (grid) return { frames: grid.frames * trunk.tubelet, imageSize: grid.rows * trunk.patch };
  throw new ReferenceCheckpointError(
    "the checkpoint's pos_embed has as many positions as no usual number of square frames; say frames and imageSize",
  );
}

function gridOf(
  source: ParameterSource,
  { patch, tubelet }: TrunkSizes,
  { frames, imageSize }: Partial<ClassifierConfig>,
): TokenGrid | undefined {
  const positions = source.shapes.get('pos_embed')?.[1];
  if (positions === undefined) return pretrainingGrid({ patch });
  return sourceGrid(positions, { patch, side: imageSize && imageSize / patch, frames: frames && frames / tubelet });
}

function poolingOf({ shapes }: ParameterSource): ClassifierConfig['pooling'] {
  const isFirstToken = shapes.has('head.weight') && shapes.has('norm.weight') && !shapes.has('fc_norm.weight');
  return isFirstToken ? 'first-token' : 'mean';
}

function sizeName({ width, depth, patch }: TrunkSizes): string {
  const letter = LETTERS[`${width}x${depth}`];
  return letter ? `${letter}/${patch}` : `of width ${width} and depth ${depth}, patch ${patch}`;
}

function shapeOf(source: ParameterSource, name: string): readonly number[] {
  const shape = source.shapes.get(name);
  if (shape) return shape;
  throw new ReferenceCheckpointError(
    `the checkpoint has no '${name}': it is no video transformer of the reference; look at its names`,
  );
}
