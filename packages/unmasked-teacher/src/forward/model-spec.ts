import * as z from 'zod';
import type { ParameterSource } from '@umt/nn';
import { ConfigError } from '../config/config-error.ts';
import { choice, flag, number, positiveNumber, wholeNumber } from '../config/field.ts';
import { parseConfig } from '../config/parse-config.ts';

// The keys are those of the reference's constructors, so that one description builds both models.

const frame = {
  img_size: wholeNumber('height and width of the video in pixels', 1),
  patch_size: wholeNumber('height and width of a patch in pixels', 1),
  tubelet_size: wholeNumber('frames of a token', 1),
};
const encoder = {
  encoder_embed_dim: wholeNumber('channels of a token', 1),
  encoder_depth: wholeNumber('transformer blocks', 1),
  encoder_num_heads: wholeNumber('attention heads', 1),
};
const blocks = {
  mlp_ratio: positiveNumber('hidden channels of the MLP per channel of a token'),
  qkv_bias: flag('whether queries and values have a bias'),
};
const init_values = number('LayerScale: anything above 0 is with it');
const clip_norm_type = choice('what features are divided by', ['l2', 'none']);

const umtPretrain = z.strictObject({
  ...frame,
  ...encoder,
  ...blocks,
  init_values,
  clip_norm_type,
  num_frames: wholeNumber('frames of the video', 1),
  clip_decoder_embed_dim: wholeNumber('channels that enter the alignment heads: encoder_embed_dim', 1),
  clip_output_dim: wholeNumber("channels of the teacher's features", 1),
  clip_return_layer: wholeNumber('how many of the last layers are returned', 1),
  clip_student_return_interval: positiveNumber('layers from one returned layer to the next'),
  use_learnable_pos_emb: flag('whether the position table is a parameter'),
});

const clipVision = z.strictObject({
  input_resolution: wholeNumber('height and width in pixels that it looks at', 1),
  patch_size: wholeNumber('height and width of a patch in pixels', 1),
  width: wholeNumber('channels of a token', 1),
  layers: wholeNumber('transformer layers', 1),
  heads: wholeNumber('attention heads', 1),
  output_dim: wholeNumber('channels of the features', 1),
  clip_norm_type,
  kernel_size: wholeNumber('frames of a token', 1),
  return_attn: flag("whether the class token's attention is returned"),
  clip_return_layer: wholeNumber('how many of the last layers are returned', 1),
  clip_return_interval: positiveNumber('layers from one returned layer to the next'),
});

const videoClassifier = z.strictObject({
  ...frame,
  ...blocks,
  init_values,
  num_classes: wholeNumber('classes', 1),
  embed_dim: wholeNumber('channels of a token', 1),
  depth: wholeNumber('transformer blocks', 1),
  num_heads: wholeNumber('attention heads', 1),
  all_frames: wholeNumber('frames of the video', 1),
  use_mean_pooling: flag('mean of all tokens; otherwise the first token is what is classified'),
});

const videoMaePretrain = z.strictObject({
  ...frame,
  ...encoder,
  ...blocks,
  num_frames: wholeNumber('frames of the video', 1),
  decoder_num_classes: wholeNumber('numbers predicted of a token: 3 tubelet_size patch_size patch_size', 1),
  decoder_embed_dim: wholeNumber("channels of the decoder's tokens", 1),
  decoder_depth: wholeNumber("the decoder's transformer blocks", 1),
  decoder_num_heads: wholeNumber("the decoder's attention heads", 1),
});

/** The models that `forward` runs, with their configurations in the reference's words. */
export type ModelSpec =
  | { readonly type: 'umt-pretrain'; readonly config: UmtPretrainSpec }
  | { readonly type: 'clip-vision'; readonly config: ClipVisionSpec }
  | { readonly type: 'video-classifier'; readonly config: VideoClassifierSpec }
  | { readonly type: 'videomae-pretrain'; readonly config: VideoMaePretrainSpec };

/** UMT's pre-training student. */
export type UmtPretrainSpec = Readonly<z.output<typeof umtPretrain>>;
/** CLIP's visual tower as UMT's teacher. */
export type ClipVisionSpec = Readonly<z.output<typeof clipVision>>;
/** The fine-tuned classifier. */
export type VideoClassifierSpec = Readonly<z.output<typeof videoClassifier>>;
/** The VideoMAE baseline. */
export type VideoMaePretrainSpec = Readonly<z.output<typeof videoMaePretrain>>;

const schemas = {
  'umt-pretrain': umtPretrain,
  'clip-vision': clipVision,
  'video-classifier': videoClassifier,
  'videomae-pretrain': videoMaePretrain,
} as const;

const TYPES = Object.keys(schemas) as readonly ModelSpec['type'][];

const head = z.object({ type: choice('which model', TYPES) });

type Values = Readonly<Record<string, unknown>>;

/**
 * Reads a model's description, `{ "type": ..., "config": {...} }` with the reference constructors' names. A key that is left
 * out or null has the constructor's default; those that decide which parameters there are (`qkv_bias`, `init_values`,
 * `use_learnable_pos_emb`) are then as the weights have them, and `clip-vision`, whose sizes have no defaults, is a B/16.
 *
 * @param weights what will be loaded into the model
 * @param source where the description came from, for messages
 * @throws ConfigError one line with every wrong key, what it allows, and the nearest name of an unknown one
 */
export function parseModelSpec(value: unknown, weights: ParameterSource, source?: string): ModelSpec {
  if (!isObject(value)) {
    const shown = JSON.stringify(value) ?? typeof value;
    throw new ConfigError(
      `${source === undefined ? '' : `${source}: `}a model is described by {"type": ..., "config": {...}}, not ${shown.slice(0, 60)}`,
    );
  }
  const { type } = parseConfig(head, value, source);
  const config = value['config'] ?? {};
  const complete = { ...value, type, config: isObject(config) ? completed(type, config, weights) : config };
  const schema = z.strictObject({ type: head.shape.type, config: schemas[type] });
  // The schema is the type's own.
  return parseConfig(schema, complete, source) as ModelSpec;
}

/** Python's None, which becomes null in JSON, means the default too. */
function completed(type: ModelSpec['type'], config: Values, weights: ParameterSource): Values {
  const given = Object.fromEntries(Object.entries(config).filter(([, one]) => one !== null));
  return { ...defaults(type, given, weights), ...given };
}

function defaults(type: ModelSpec['type'], given: Values, weights: ParameterSource): Values {
  const has = (part: string) => [...weights.shapes.keys()].some((name) => name.endsWith(part));
  const video = { img_size: 224, patch_size: 16, tubelet_size: 2, mlp_ratio: 4, qkv_bias: has('attn.q_bias') };
  const scaled = { init_values: has('.gamma_1') ? 1 : 0 };
  const base = { encoder_embed_dim: 768, encoder_depth: 12, encoder_num_heads: 12, num_frames: 16 };
  switch (type) {
    case 'umt-pretrain':
      return {
        ...video,
        ...scaled,
        ...base,
        clip_decoder_embed_dim: given['encoder_embed_dim'] ?? base.encoder_embed_dim,
        clip_output_dim: 512,
        clip_norm_type: 'l2',
        clip_return_layer: 1,
        clip_student_return_interval: 1,
        use_learnable_pos_emb: has('encoder.pos_embed'),
      };
    case 'clip-vision':
      return {
        ...{ input_resolution: 224, patch_size: 16, width: 768, layers: 12, heads: 12, output_dim: 512 },
        ...{ clip_norm_type: 'l2', kernel_size: 1, return_attn: true, clip_return_layer: 1, clip_return_interval: 1 },
      };
    case 'video-classifier':
      return {
        ...video,
        ...scaled,
        ...{ num_classes: 1000, embed_dim: 768, depth: 12, num_heads: 12, all_frames: 16, use_mean_pooling: true },
      };
    case 'videomae-pretrain':
      return {
        ...video,
        ...base,
        ...{ decoder_embed_dim: 512, decoder_depth: 8, decoder_num_heads: 8 },
        decoder_num_classes: 3 * Number(given['tubelet_size'] ?? 2) * Number(given['patch_size'] ?? 16) ** 2,
      };
  }
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
