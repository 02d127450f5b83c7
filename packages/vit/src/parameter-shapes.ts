import { tokenCount } from '@umt/tokenizer';
import type { AlignmentTarget } from './alignment-head.ts';
import { checkClassifierConfig, type ClassifierConfig } from './classifier-config.ts';
import { hasOwnPositions } from './classifier-positions.ts';
import { clipGrid } from './check-size.ts';
import type { EncoderOptions } from './encoder.ts';
import { checkStudentConfig, studentGrid, type StudentConfig } from './student-config.ts';
import { checkVideoMaeConfig, decoderHeadWidth, type VideoMaeConfig } from './video-mae-config.ts';

type Shapes = Map<string, readonly number[]>;
type TrunkSizes = Pick<EncoderOptions, 'width' | 'depth' | 'mlpRatio' | 'patch' | 'tubelet' | 'initValues' | 'qkvBias'>;

/**
 * The names and shapes of a student's parameters in the order of the reference's state dict, without making any.
 *
 * @throws RangeError naming the field of the configuration that is wrong
 */
export function studentParameterShapes(config: StudentConfig): ReadonlyMap<string, readonly number[]> {
  checkStudentConfig(config);
  const shapes: Shapes = new Map();
  if (config.learnablePositions) shapes.set('encoder.pos_embed', [1, tokenCount(studentGrid(config)), config.width]);
  setTrunk(shapes, 'encoder.', config);
  setNorm(shapes, 'encoder.norm', config.width);
  setHeads(shapes, 'clip_decoder', config.width, config);
  for (const [index, target] of config.extraTeachers.entries()) {
    setHeads(shapes, `extra_teachers.${index}.decoder`, config.width, target);
  }
  return shapes;
}

/**
 * The same for a VideoMAE pre-training model.
 *
 * @throws RangeError naming the field of the configuration that is wrong
 */
export function videoMaeParameterShapes(config: VideoMaeConfig): ReadonlyMap<string, readonly number[]> {
  checkVideoMaeConfig(config);
  const { width, decoderWidth } = config;
  const shapes: Shapes = new Map([['mask_token', [1, 1, decoderWidth]]]);
  setTrunk(shapes, 'encoder.', config);
  setNorm(shapes, 'encoder.norm', width);
  for (let index = 0; index < config.decoderDepth; index++) {
    setBlock(shapes, `decoder.blocks.${index}`, { ...config, width: decoderWidth });
  }
  setNorm(shapes, 'decoder.norm', decoderWidth);
  setLinear(shapes, 'decoder.head', decoderWidth, decoderHeadWidth(config));
  shapes.set('encoder_to_decoder.weight', [decoderWidth, width]);
  return shapes;
}

/**
 * The same for a classifier: 162 tensors with 86 183 366 elements for B/16 with 710 classes.
 *
 * @throws RangeError naming the field of the configuration that is wrong
 */
export function classifierParameterShapes(config: ClassifierConfig): ReadonlyMap<string, readonly number[]> {
  checkClassifierConfig(config);
  const { width, classes, pooling } = config;
  const shapes: Shapes = new Map();
  if (hasOwnPositions(config)) shapes.set('pos_embed', [1, tokenCount(clipGrid(config)), width]);
  setTrunk(shapes, '', config);
  setNorm(shapes, pooling === 'mean' ? 'fc_norm' : 'norm', width);
  setLinear(shapes, 'head', width, classes);
  return shapes;
}

/** What an encoder has but its positions and its norm. */
function setTrunk(shapes: Shapes, prefix: string, config: TrunkSizes): void {
  const { width, patch, tubelet, depth } = config;
  shapes.set(`${prefix}patch_embed.proj.weight`, [width, 3, tubelet, patch, patch]);
  shapes.set(`${prefix}patch_embed.proj.bias`, [width]);
  for (let index = 0; index < depth; index++) setBlock(shapes, `${prefix}blocks.${index}`, config);
}

function setBlock(
  shapes: Shapes,
  block: string,
  { width: D, mlpRatio, initValues, qkvBias }: Pick<EncoderOptions, 'width' | 'mlpRatio' | 'initValues' | 'qkvBias'>,
): void {
  const hidden = Math.trunc(D * mlpRatio);
  if (initValues > 0) {
    shapes.set(`${block}.gamma_1`, [D]);
    shapes.set(`${block}.gamma_2`, [D]);
  }
  setNorm(shapes, `${block}.norm1`, D);
  if (qkvBias) {
    shapes.set(`${block}.attn.q_bias`, [D]);
    shapes.set(`${block}.attn.v_bias`, [D]);
  }
  shapes.set(`${block}.attn.qkv.weight`, [3 * D, D]);
  setLinear(shapes, `${block}.attn.proj`, D, D);
  setNorm(shapes, `${block}.norm2`, D);
  setLinear(shapes, `${block}.mlp.fc1`, D, hidden);
  setLinear(shapes, `${block}.mlp.fc2`, hidden, D);
}

function setHeads(
  shapes: Shapes,
  list: string,
  width: number,
  { alignedLayers, targetWidth, head }: AlignmentTarget,
): void {
  for (let slot = 0; slot < alignedLayers; slot++) {
    if (head === 'mlp') setLinear(shapes, `${list}.${slot}.head.0`, width, width);
    setLinear(shapes, `${list}.${slot}.head${head === 'mlp' ? '.2' : ''}`, width, targetWidth);
    setNorm(shapes, `${list}.${slot}.norm`, targetWidth);
  }
}

function setLinear(shapes: Shapes, name: string, inputs: number, outputs: number): void {
  shapes.set(`${name}.weight`, [outputs, inputs]);
  shapes.set(`${name}.bias`, [outputs]);
}

function setNorm(shapes: Shapes, name: string, width: number): void {
  shapes.set(`${name}.weight`, [width]);
  shapes.set(`${name}.bias`, [width]);
}
