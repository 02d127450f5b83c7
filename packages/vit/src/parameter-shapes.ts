import type { AlignmentTarget } from './alignment-head.ts';
import type { EncoderOptions } from './encoder.ts';
import { checkStudentConfig, type StudentConfig } from './student-config.ts';
import { checkVideoMaeConfig, decoderHeadWidth, type VideoMaeConfig } from './video-mae-config.ts';

type Shapes = Map<string, readonly number[]>;

/**
 * The names and shapes of a student's parameters in the order of the reference's state dict, without making any.
 *
 * @throws RangeError naming the field of the configuration that is wrong
 */
export function studentParameterShapes(config: StudentConfig): ReadonlyMap<string, readonly number[]> {
  checkStudentConfig(config);
  const shapes: Shapes = new Map();
  setEncoder(shapes, config);
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
  setEncoder(shapes, config);
  for (let index = 0; index < config.decoderDepth; index++) {
    setBlock(shapes, `decoder.blocks.${index}`, { ...config, width: decoderWidth });
  }
  setNorm(shapes, 'decoder.norm', decoderWidth);
  setLinear(shapes, 'decoder.head', decoderWidth, decoderHeadWidth(config));
  shapes.set('encoder_to_decoder.weight', [decoderWidth, width]);
  return shapes;
}

function setEncoder(shapes: Shapes, config: EncoderOptions): void {
  const { width, patch, tubelet, depth } = config;
  shapes.set('encoder.patch_embed.proj.weight', [width, 3, tubelet, patch, patch]);
  shapes.set('encoder.patch_embed.proj.bias', [width]);
  for (let index = 0; index < depth; index++) setBlock(shapes, `encoder.blocks.${index}`, config);
  setNorm(shapes, 'encoder.norm', width);
}

function setBlock(
  shapes: Shapes,
  block: string,
  { width: D, mlpRatio, initValues }: Pick<EncoderOptions, 'width' | 'mlpRatio' | 'initValues'>,
): void {
  const hidden = Math.trunc(D * mlpRatio);
  if (initValues > 0) {
    shapes.set(`${block}.gamma_1`, [D]);
    shapes.set(`${block}.gamma_2`, [D]);
  }
  setNorm(shapes, `${block}.norm1`, D);
  shapes.set(`${block}.attn.q_bias`, [D]);
  shapes.set(`${block}.attn.v_bias`, [D]);
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
