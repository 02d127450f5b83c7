// B clips, N tokens, M of them visible; K returned layers; C width of the teacher's features.
import type { ParameterSource } from '@umt/nn';
import { reshape, selectTokens, tensor, type Tensor } from '@umt/tensor';
import { tokenCount } from '@umt/tokenizer';
import { loadStudent, Student, studentConfig, studentGrid, type StudentConfig } from '@umt/vit';
import { ConfigError } from '../config/config-error.ts';
import { alignmentLosses, loaded, type ForwardModel } from './forward-model.ts';
import { featureTarget, videoTensor, visibleTokens, type VisibleTokens } from './inputs.ts';
import type { UmtPretrainSpec } from './model-spec.ts';

/**
 * UMT's student with its weights. Its output is [K, B, M, C]; a target is [K, B, M, C], or [K, B, N, C], of which the visible
 * tokens are taken.
 *
 * @throws ConfigError or RangeError naming the key that is wrong, ParameterMismatchError when the weights do not fit
 */
export async function umtPretrainModel(spec: UmtPretrainSpec, weights: ParameterSource): Promise<ForwardModel> {
  const config = studentConfigOfSpec(spec);
  const student = await loaded(new Student(config), (module) => loadStudent(module, weights));
  return {
    module: student,
    run({ video, mask, target }) {
      const { frames, imageSize } = config;
      const video_BTHWC = videoTensor(video, { frames, height: imageSize, width: imageSize });
      const clips = video_BTHWC.shape[0] ?? 0;
      const tokens = tokenCount(studentGrid(config));
      const visible = visibleTokens(mask, clips, tokens);
      const output = student.forward(video_BTHWC, tensor(visible.numbers, [clips, visible.count])).features;
      if (!target) return { outputs: { output }, losses: {} };
      const ofAll = [spec.clip_return_layer, clips, tokens, spec.clip_output_dim] as const;
      const aligned = ofVisible(featureTarget(target, [output.shape, ofAll]), visible);
      return { outputs: { output }, losses: alignmentLosses(output, aligned) };
    },
  };
}

/**
 * A student's configuration from the reference's words.
 *
 * @throws ConfigError or RangeError naming the key that is wrong
 */
export function studentConfigOfSpec(spec: UmtPretrainSpec): StudentConfig {
  if (spec.clip_decoder_embed_dim !== spec.encoder_embed_dim) {
    throw new ConfigError(
      `config.clip_decoder_embed_dim must be encoder_embed_dim (${spec.encoder_embed_dim}): nothing projects between them, not ${spec.clip_decoder_embed_dim}`,
      ['config.clip_decoder_embed_dim'],
    );
  }
  return studentConfig('B/16', {
    width: spec.encoder_embed_dim,
    depth: spec.encoder_depth,
    heads: spec.encoder_num_heads,
    mlpRatio: spec.mlp_ratio,
    qkvBias: spec.qkv_bias,
    patch: spec.patch_size,
    tubelet: spec.tubelet_size,
    imageSize: spec.img_size,
    frames: spec.num_frames,
    alignedLayers: spec.clip_return_layer,
    layerInterval: spec.clip_student_return_interval,
    targetWidth: spec.clip_output_dim,
    normalize: spec.clip_norm_type,
    initValues: spec.init_values,
    learnablePositions: spec.use_learnable_pos_emb,
    dropPath: 0,
  });
}

/** [K, B, N, C] or [K, B, M, C] -> [K, B, M, C] */
function ofVisible(target: Tensor, { numbers, count }: VisibleTokens): Tensor {
  const [layers = 0, clips = 0, tokens = 0, channels = 0] = target.shape;
  if (tokens === count) return target;
  const rows = new Int32Array(layers * numbers.length);
  for (let layer = 0; layer < layers; layer++) rows.set(numbers, layer * numbers.length);
  const chosen = selectTokens(
    reshape(target, [layers * clips, tokens, channels]),
    tensor(rows, [layers * clips, count]),
  );
  return reshape(chosen, [layers, clips, count, channels]);
}
