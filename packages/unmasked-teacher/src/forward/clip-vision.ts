// B clips, F = B T frames with P patches each, V of them visible; K returned layers; C width of the features.
import { loadOpenAiTeacher, patchesPerFrame, Teacher, teacherConfig } from '@umt/clip';
import type { ParameterSource } from '@umt/nn';
import { tensor } from '@umt/tensor';
import { alignmentLosses, loaded, type ForwardModel } from './forward-model.ts';
import { featureTarget, ForwardInputError, videoTensor, visibleTokens, type VisibleTokens } from './inputs.ts';
import type { ClipVisionSpec } from './model-spec.ts';

/**
 * CLIP's visual tower with its weights: bare, under `visual.` in the whole model, or as Hugging Face has them; positions are
 * resized and an image's kernel is inflated. Its output is [K, B, T P, C]; `attention` [B T, P] stands beside it. A mask drops
 * patches before the first layer, as the reference's forward does, as many of every frame.
 *
 * @throws ConfigError or RangeError naming the key that is wrong, ClipCheckpointError or ParameterMismatchError when the
 *   weights do not fit
 */
export async function clipVisionModel(spec: ClipVisionSpec, weights: ParameterSource): Promise<ForwardModel> {
  const config = teacherConfig('B/16', {
    width: spec.width,
    layers: spec.layers,
    heads: spec.heads,
    patch: spec.patch_size,
    tubelet: spec.kernel_size,
    resolution: spec.input_resolution,
    outputWidth: spec.output_dim,
    alignedLayers: spec.clip_return_layer,
    layerInterval: spec.clip_return_interval,
    normalize: spec.clip_norm_type,
  });
  const teacher = await loaded(new Teacher(config), (module) => loadOpenAiTeacher(module, weights));
  return {
    module: teacher,
    run({ video, mask, target }) {
      const video_BTHWC = videoTensor(video, {});
      const [clips = 0, frames = 0] = video_BTHWC.shape;
      const tubelets = frames / config.tubelet;
      if (!Number.isInteger(tubelets)) {
        throw new ForwardInputError(`video: its ${frames} frames are no multiple of kernel_size (${config.tubelet})`);
      }
      const patches = patchesPerFrame(config);
      const visible = mask && perFrame(visibleTokens(mask, clips, tubelets * patches), tubelets, patches);
      const rows = visible && tensor(visible.numbers, [clips, visible.count]);
      const { features: output, attention } = teacher.forwardWithGradients(video_BTHWC, rows);
      return {
        outputs: spec.return_attn ? { output, attention } : { output },
        losses: target ? alignmentLosses(output, featureTarget(target, [output.shape])) : {},
      };
    },
  };
}

/** @throws ForwardInputError when frames do not have as many visible patches each, which the reference would mix up */
function perFrame(visible: VisibleTokens, tubelets: number, patches: number): VisibleTokens {
  const { numbers, count } = visible;
  const each = count / tubelets;
  // ascending within a clip: with `each` of every frame, the i-th lies in frame i / each
  const isEven = numbers.every((token, i) => Math.floor(token / patches) === Math.floor((i % count) / each));
  if (Number.isInteger(each) && isEven) return visible;
  throw new ForwardInputError('mask: clip-vision looks at frames one by one; leave as many patches of every frame');
}
