import { syntheticNumbers, syntheticParameter } from '@umt/conformance';
import type { CheckpointTensor } from '@umt/checkpoint';
import type { NamedArray } from '@umt/nn';
import {
  classifierConfig,
  classifierParameterShapes,
  studentConfig,
  studentParameterShapes,
  videoMaeConfig,
  videoMaeParameterShapes,
} from '@umt/vit';
import classifier from '../../conformance/fixtures/classifier.json' with { type: 'json' };
import stage1 from '../../conformance/fixtures/stage1.json' with { type: 'json' };
import videoMae from '../../conformance/fixtures/videomae.json' with { type: 'json' };

export { classifier, stage1, videoMae };

const common = { img_size: 64, patch_size: 16, mlp_ratio: 4, qkv_bias: true };

/** The fixtures' models in the words of the reference's constructors. */
export const SPECS = {
  student: {
    type: 'umt-pretrain',
    config: {
      ...common,
      ...{ encoder_embed_dim: 24, encoder_depth: 4, encoder_num_heads: 3, num_frames: 2, tubelet_size: 1 },
      ...{ clip_decoder_embed_dim: 24, clip_output_dim: 10, clip_norm_type: 'l2', clip_return_layer: 2 },
      ...{ clip_student_return_interval: 1, init_values: 0, use_learnable_pos_emb: false },
    },
  },
  teacher: {
    type: 'clip-vision',
    config: {
      ...{ input_resolution: 64, patch_size: 16, width: 24, layers: 4, heads: 3, output_dim: 10 },
      ...{ clip_norm_type: 'l2', kernel_size: 1, return_attn: true, clip_return_layer: 2, clip_return_interval: 1 },
    },
  },
  classifier: {
    type: 'video-classifier',
    config: {
      ...common,
      ...{ num_classes: 7, embed_dim: 24, depth: 3, num_heads: 3, all_frames: 2, tubelet_size: 1 },
      ...{ init_values: 0, use_mean_pooling: true },
    },
  },
  firstToken: {
    type: 'video-classifier',
    config: {
      ...common,
      ...{ num_classes: 7, embed_dim: 24, depth: 2, num_heads: 3, all_frames: 2, tubelet_size: 1 },
      ...{ init_values: 0.1, use_mean_pooling: false },
    },
  },
  videoMae: {
    type: 'videomae-pretrain',
    config: {
      ...common,
      ...{ encoder_embed_dim: 24, encoder_depth: 2, encoder_num_heads: 3, num_frames: 4, tubelet_size: 2 },
      ...{ decoder_num_classes: 1536, decoder_embed_dim: 12, decoder_depth: 2, decoder_num_heads: 3 },
    },
  },
} as const;

const size = { width: 24, heads: 3, imageSize: 64, frames: 2 };

/** Shapes of the fixtures' weights. Those of the teacher are of OpenAI's image model, whose kernel has no frames. */
export const SHAPES: Readonly<Record<keyof typeof SPECS, ReadonlyMap<string, readonly number[]>>> = {
  student: studentParameterShapes(studentConfig('B/16', { ...size, depth: 4, targetWidth: 10, alignedLayers: 2 })),
  teacher: towerShapes({ width: 24, layers: 4, outputWidth: 10, patches: 16 }),
  classifier: classifierParameterShapes(classifierConfig('B/16', { ...size, depth: 3, classes: 7 })),
  firstToken: classifierParameterShapes(
    classifierConfig('B/16', { ...size, depth: 2, classes: 7, initValues: 0.1, pooling: 'first-token' }),
  ),
  videoMae: videoMaeParameterShapes(
    videoMaeConfig('B/16', {
      ...{ width: 24, depth: 2, heads: 3, decoderWidth: 12, decoderDepth: 2, decoderHeads: 3 },
      ...{ imageSize: 64, frames: 4 },
    }),
  ),
};

/** The names of OpenAI's visual tower without their prefix. */
function towerShapes(size: {
  readonly width: number;
  readonly layers: number;
  readonly outputWidth: number;
  readonly patches: number;
}): ReadonlyMap<string, readonly number[]> {
  const { width: W, layers, outputWidth, patches } = size;
  const linear = (name: string, outputs: number, inputs: number) =>
    [
      [`${name}.weight`, [outputs, inputs]],
      [`${name}.bias`, [outputs]],
    ] as const;
  const norm = (name: string) =>
    [
      [`${name}.weight`, [W]],
      [`${name}.bias`, [W]],
    ] as const;
  const layer = (index: number) => {
    const at = `transformer.resblocks.${index}`;
    return [
      [`${at}.attn.in_proj_weight`, [3 * W, W]] as const,
      [`${at}.attn.in_proj_bias`, [3 * W]] as const,
      ...linear(`${at}.attn.out_proj`, W, W),
      ...norm(`${at}.ln_1`),
      ...linear(`${at}.mlp.c_fc`, 4 * W, W),
      ...linear(`${at}.mlp.c_proj`, W, 4 * W),
      ...norm(`${at}.ln_2`),
    ];
  };
  return new Map<string, readonly number[]>([
    ['class_embedding', [W]],
    ['positional_embedding', [1 + patches, W]],
    ['proj', [W, outputWidth]],
    ['conv1.weight', [W, 3, 16, 16]],
    ...norm('ln_pre'),
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    ...norm('ln_post'),
  ]);
}

/** Weights by the fixtures' formula; a position table is left out, for the model to make it. */
export function syntheticWeights(shapes: ReadonlyMap<string, readonly number[]>): ReadonlyMap<string, NamedArray> {
  return new Map(
    [...shapes].flatMap(([name, shape]) =>
      name === 'pos_embed' ? [] : [[name, { shape, data: syntheticParameter(name, shape) }] as const],
    ),
  );
}

/** The video of the fixtures as the reference lays it out: [2, 3, frames, 64, 64]. */
export function videoInput(frames: number): CheckpointTensor {
  const shape = [2, 3, frames, 64, 64];
  return { dtype: 'F32', shape, data: syntheticNumbers('video', 2 * 3 * frames * 64 * 64, 2) };
}

/** The fixtures' mask: 1 where a token is dropped. */
export function maskInput(): CheckpointTensor {
  const data = new Uint8Array(64).fill(1);
  for (const [clip, tokens] of stage1.student.visibleIndices.entries()) {
    for (const token of tokens) data[clip * 32 + token] = 0;
  }
  return { dtype: 'U8', shape: [2, 32], data };
}

/** The teacher's features of all tokens, as the fixtures have them: [2, 2, 32, 10]. */
export function featureInput(): CheckpointTensor {
  const { shape, data } = stage1.teacher.features;
  return { dtype: 'F32', shape, data: Float32Array.from(data) };
}

/** Largest difference of two lists of numbers, or NaN where their lengths differ. */
export function largestDifference(actual: ArrayLike<number> | undefined, expected: readonly number[]): number {
  if (actual?.length !== expected.length) return NaN;
  return expected.reduce((most, value, index) => Math.max(most, Math.abs((actual[index] ?? NaN) - value)), 0);
}
