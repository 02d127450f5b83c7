import { openAiConfig } from '@umt/clip';
import type { ParameterSource } from '@umt/nn';
import { classifierConfigOf, type ClassifierConfig, type StudentConfig } from '@umt/vit';
import type { ModelSpec } from '../forward/model-spec.ts';

/** The published models all have heads of this width. */
const HEAD_WIDTH = 64;

/**
 * The description for `forward` of the model that a checkpoint fits. What names and shapes do not tell is as published: heads
 * of width 64, clips of 8 frames (or tubelets) of 224 x 224 unless there is a position table of another length.
 *
 * @param heads of a video transformer, where they are not of width 64
 * @throws RangeError or an error of @umt/vit or @umt/clip when its sizes make no model, for instance heads of another width
 */
export function specOf<Type extends ModelSpec['type']>(
  type: Type,
  checkpoint: ParameterSource,
  heads?: number,
): Extract<ModelSpec, { readonly type: Type }> {
  const spec: ModelSpec = type === 'clip-vision' ? clipSpec(checkpoint) : transformerSpec(type, checkpoint, heads);
  // Each branch gives the type that it is asked for.
  return spec as Extract<ModelSpec, { readonly type: Type }>;
}

function transformerSpec(
  type: Exclude<ModelSpec['type'], 'clip-vision'>,
  checkpoint: ParameterSource,
  knownHeads: number | undefined,
): ModelSpec {
  const { shapes } = checkpoint;
  const shapeOf = (name: string): readonly number[] => shapes.get(name) ?? shapes.get(`module.${name}`) ?? [];
  const count = (list: RegExp) => new Set([...shapes.keys()].flatMap((name) => list.exec(name)?.[1] ?? [])).size;
  const trunk = classifierConfigOf(checkpoint, { heads: 1, ...(type === 'video-classifier' ? {} : { classes: 1 }) });
  const heads = knownHeads ?? headsOf(trunk.width);
  const shared = {
    img_size: trunk.imageSize,
    patch_size: trunk.patch,
    tubelet_size: trunk.tubelet,
    mlp_ratio: trunk.mlpRatio,
    qkv_bias: trunk.qkvBias,
  };
  const encoder = {
    encoder_embed_dim: trunk.width,
    encoder_depth: trunk.depth,
    encoder_num_heads: heads,
    num_frames: trunk.frames,
  };
  switch (type) {
    case 'video-classifier':
      return classifierSpec({ ...trunk, heads });
    case 'umt-pretrain':
      return {
        type,
        config: {
          ...shared,
          ...encoder,
          clip_decoder_embed_dim: trunk.width,
          clip_output_dim: shapeOf('clip_decoder.0.norm.weight')[0] ?? 0,
          clip_norm_type: 'l2',
          clip_return_layer: count(/^(?:module\.)?clip_decoder\.(\d+)\./),
          clip_student_return_interval: 1,
          init_values: trunk.initValues,
          use_learnable_pos_emb: shapeOf('encoder.pos_embed').length > 0,
        },
      };
    case 'videomae-pretrain': {
      const [outputs = 0, decoderWidth = 0] = shapeOf('decoder.head.weight');
      return {
        type,
        config: {
          ...shared,
          ...encoder,
          decoder_num_classes: outputs,
          decoder_embed_dim: decoderWidth,
          decoder_depth: count(/^(?:module\.)?decoder\.blocks\.(\d+)\./),
          decoder_num_heads: headsOf(decoderWidth),
        },
      };
    }
  }
}

/** The description of a classifier whose configuration is known. */
export function classifierSpec(config: ClassifierConfig): ModelSpec {
  return {
    type: 'video-classifier',
    config: {
      img_size: config.imageSize,
      patch_size: config.patch,
      tubelet_size: config.tubelet,
      mlp_ratio: config.mlpRatio,
      qkv_bias: config.qkvBias,
      num_classes: config.classes,
      embed_dim: config.width,
      depth: config.depth,
      num_heads: config.heads,
      all_frames: config.frames,
      init_values: config.initValues,
      use_mean_pooling: config.pooling === 'mean',
    },
  };
}

/** The description of a student whose configuration is known. */
export function studentSpec(config: StudentConfig): ModelSpec {
  return {
    type: 'umt-pretrain',
    config: {
      img_size: config.imageSize,
      patch_size: config.patch,
      tubelet_size: config.tubelet,
      mlp_ratio: config.mlpRatio,
      qkv_bias: config.qkvBias,
      encoder_embed_dim: config.width,
      encoder_depth: config.depth,
      encoder_num_heads: config.heads,
      num_frames: config.frames,
      clip_decoder_embed_dim: config.width,
      clip_output_dim: config.targetWidth,
      clip_norm_type: config.normalize,
      clip_return_layer: config.alignedLayers,
      clip_student_return_interval: config.layerInterval,
      init_values: config.initValues,
      use_learnable_pos_emb: config.learnablePositions,
    },
  };
}

/** @throws RangeError where heads of width 64 do not make the width */
function headsOf(width: number): number {
  if (width > 0 && width % HEAD_WIDTH === 0) return width / HEAD_WIDTH;
  throw new RangeError(
    `weights do not tell how many heads there are, and the published width of ${HEAD_WIDTH} does not divide ${width}: write the description by hand`,
  );
}

function clipSpec(checkpoint: ParameterSource): ModelSpec {
  const config = openAiConfig(checkpoint);
  return {
    type: 'clip-vision',
    config: {
      input_resolution: config.resolution,
      patch_size: config.patch,
      width: config.width,
      layers: config.layers,
      heads: config.heads,
      output_dim: config.outputWidth,
      clip_norm_type: config.normalize,
      kernel_size: config.tubelet,
      return_attn: true,
      clip_return_layer: config.alignedLayers,
      clip_return_interval: config.layerInterval,
    },
  };
}
