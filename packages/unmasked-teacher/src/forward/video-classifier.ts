import { labelSmoothingCrossEntropy } from '@umt/losses';
import { ParameterMismatchError, type ParameterSource } from '@umt/nn';
import { Classifier, classifierConfig, loadClassifier } from '@umt/vit';
import { loaded, type ForwardModel } from './forward-model.ts';
import { classTarget, videoTensor } from './inputs.ts';
import type { VideoClassifierSpec } from './model-spec.ts';

/**
 * The fine-tuned classifier with its weights. Its output is [B, classes]; a target is class numbers [B].
 *
 * @throws RangeError naming the key that is wrong, or an error of @umt/vit when the weights do not fit
 */
export async function videoClassifierModel(spec: VideoClassifierSpec, weights: ParameterSource): Promise<ForwardModel> {
  const config = classifierConfig('B/16', {
    width: spec.embed_dim,
    depth: spec.depth,
    heads: spec.num_heads,
    mlpRatio: spec.mlp_ratio,
    qkvBias: spec.qkv_bias,
    patch: spec.patch_size,
    tubelet: spec.tubelet_size,
    imageSize: spec.img_size,
    frames: spec.all_frames,
    classes: spec.num_classes,
    pooling: spec.use_mean_pooling ? 'mean' : 'first-token',
    initValues: spec.init_values,
    dropPath: 0,
  });
  const classifier = await loaded(new Classifier(config), (module) => loadStrictly(module, weights));
  return {
    module: classifier,
    run({ video, target }) {
      const { frames, imageSize, classes } = config;
      const video_BTHWC = videoTensor(video, { frames, height: imageSize, width: imageSize });
      const output = classifier.forward(video_BTHWC).logits;
      const labels = target && classTarget(target, video_BTHWC.shape[0] ?? 0, classes);
      return {
        outputs: { output },
        losses: labels ? { 'loss.cross_entropy': labelSmoothingCrossEntropy(output, labels, 0) } : {},
      };
    },
  };
}

/**
 * Every parameter from the weights, and every tensor of these used. A position table may be missing: it is then the sine table
 * that the reference would have made.
 */
async function loadStrictly(classifier: Classifier, weights: ParameterSource): Promise<void> {
  const { missing, unexpected, misshapen, ignored } = await loadClassifier(classifier, weights);
  const report = {
    missing: missing.filter((name) => name !== 'pos_embed'),
    unexpected: [...unexpected, ...ignored],
    misshapen,
  };
  if (Object.values(report).every((differences) => differences.length === 0)) return;
  throw new ParameterMismatchError(report);
}
