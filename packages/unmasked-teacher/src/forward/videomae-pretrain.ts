// B clips, N tokens, M of them visible, R = N - M masked; k frames of a tubelet, p pixels of a patch.
import { pixelLoss, videoMaeTarget } from '@umt/losses';
import { droppedTokens } from '@umt/masking';
import { loadParameters, renamedSource, type ParameterSource } from '@umt/nn';
import { tensor } from '@umt/tensor';
import { patchVectors, tokenCount } from '@umt/tokenizer';
import { VideoMae, videoMaeConfig, videoMaeGrid } from '@umt/vit';
import { ConfigError } from '../config/config-error.ts';
import { alignmentLosses, loaded, type ForwardModel } from './forward-model.ts';
import { featureTarget, ForwardInputError, videoTensor, visibleTokens } from './inputs.ts';
import type { VideoMaePretrainSpec } from './model-spec.ts';

/**
 * The VideoMAE baseline with its weights. Its output is [B, R, 3 k p p], the pixels of the masked tokens, the channel fastest.
 * A target has the same shape and the losses of aligned features; without one there is the loss that VideoMAE is trained with,
 * the mean squared difference from the video's own pixels, standardised per token and channel.
 *
 * @throws ConfigError or RangeError naming the key that is wrong, ParameterMismatchError when the weights do not fit
 */
export async function videoMaePretrainModel(
  spec: VideoMaePretrainSpec,
  weights: ParameterSource,
): Promise<ForwardModel> {
  const { tubelet_size: tubelet, patch_size: patch } = spec;
  const outputs = 3 * tubelet * patch ** 2;
  if (spec.decoder_num_classes !== outputs) {
    throw new ConfigError(
      `config.decoder_num_classes must be 3 x tubelet_size x patch_size x patch_size (${outputs}), not ${spec.decoder_num_classes}`,
      ['config.decoder_num_classes'],
    );
  }
  const config = videoMaeConfig('B/16', {
    width: spec.encoder_embed_dim,
    depth: spec.encoder_depth,
    heads: spec.encoder_num_heads,
    decoderWidth: spec.decoder_embed_dim,
    decoderDepth: spec.decoder_depth,
    decoderHeads: spec.decoder_num_heads,
    mlpRatio: spec.mlp_ratio,
    qkvBias: spec.qkv_bias,
    patch,
    tubelet,
    imageSize: spec.img_size,
    frames: spec.num_frames,
  });
  // PyTorch's data-parallel wrappers put `module.` before every name
  const named = renamedSource(weights, (name) => name.replace(/^module\./, ''));
  const model = await loaded(new VideoMae(config), (module) => loadParameters(module, named));
  return {
    module: model,
    run({ video, mask, target }) {
      if (!mask) throw new ForwardInputError('mask: videomae-pretrain predicts masked tokens, it needs a mask [B, N]');
      const { frames, imageSize } = config;
      const video_BTHWC = videoTensor(video, { frames, height: imageSize, width: imageSize });
      const clips = video_BTHWC.shape[0] ?? 0;
      const tokens = tokenCount(videoMaeGrid(config));
      const { numbers, count } = visibleTokens(mask, clips, tokens);
      if (count === tokens) throw new ForwardInputError('mask: it drops no token, so there is nothing to predict');
      const masked = tensor(droppedTokens(numbers, clips, tokens), [clips, tokens - count]);
      const output = model.forward(video_BTHWC, tensor(numbers, [clips, count]), masked);
      if (target) {
        return { outputs: { output }, losses: alignmentLosses(output, featureTarget(target, [output.shape])) };
      }
      const pixels = videoMaeTarget(patchVectors(video_BTHWC, { frames: tubelet, patch }, masked));
      return { outputs: { output }, losses: { 'loss.mse': pixelLoss(output, pixels) } };
    },
  };
}
