// B clips, T frames of H x W pixels, M visible and R masked tokens of a clip.
import { pixelLoss, videoMaeTarget, type VideoMaeTargetOptions } from '@umt/losses';
import { droppedTokens, hostVisible, visibleCount, type HostMaskKind } from '@umt/masking';
import { dropPathFactors } from '@umt/nn';
import { tensor, withoutGradients } from '@umt/tensor';
import { patchVectors, tokenCount } from '@umt/tokenizer';
import type { StepContext, TaskLoss, TrainingTask } from '@umt/trainer';
import { videoMaeGrid, type VideoMae } from '@umt/vit';
import type { VideoBatch } from './pretrain-task.ts';
import { samplesOf } from '../training/samples-of.ts';

/** What VideoMAE pre-training is made of. */
export interface VideoMaeTaskOptions {
  readonly model: VideoMae;
  /** Which tokens are predicted. Default the baseline's: tubes of three quarters. */
  readonly mask?: { readonly kind: HostMaskKind; readonly ratio: number };
  /** How pixels become the target. Default standardised per token and channel, of videos normalised with ImageNet's numbers. */
  readonly target?: VideoMaeTargetOptions;
}

/**
 * VideoMAE pre-training, the baseline of UMT, as the trainer takes it: most tokens are dropped at random, and the loss is how
 * far the model's prediction of their pixels is from the pixels. Give the trainer `withoutDecay: ['mask_token']` for the
 * reference's weight decay.
 *
 * @throws RangeError when the mask leaves nothing to see or to predict
 */
export function createVideoMaeTask({
  model,
  mask = { kind: 'tube', ratio: 0.75 },
  target: targetOptions = {},
}: VideoMaeTaskOptions): TrainingTask<VideoBatch> {
  const { tubelet, patch } = model.config;
  const grid = videoMaeGrid(model.config);
  const tokens = tokenCount(grid);
  const size = { frames: tubelet, patch };
  const rates = model.dropPathRates;
  const drawn = mask.kind === 'tube' ? grid.rows * grid.columns : tokens;
  if (visibleCount(drawn, mask.ratio) === drawn) {
    throw new RangeError(`VideoMAE: a mask ratio of ${mask.ratio} leaves none of ${drawn} tokens to predict; raise it`);
  }

  const loss = ({ video, shape }: VideoBatch, context: StepContext): TaskLoss => {
    const { seed, step } = context;
    const [clips = 0] = shape;
    const samples = samplesOf(clips, context);
    const visibleTokens = hostVisible(mask.kind, grid, mask.ratio, { seed, step, samples });
    const maskedTokens = droppedTokens(visibleTokens, clips, tokens);
    const visible = tensor(visibleTokens, [clips, visibleTokens.length / clips]);
    const masked = tensor(maskedTokens, [clips, maskedTokens.length / clips]);
    const { patches, target } = withoutGradients(() => {
      const video_BTHWC = tensor(video, shape);
      const ofMasked = patchVectors(video_BTHWC, size, masked);
      const result = {
        patches: patchVectors(video_BTHWC, size, visible),
        target: videoMaeTarget(ofMasked, targetOptions),
      };
      for (const spent of [video_BTHWC, ofMasked]) spent.dispose();
      return result;
    });
    const dropPath = tensor(dropPathFactors({ seed, step, samples, rates }), [rates.length, 2, clips]);
    return { loss: pixelLoss(model.forwardPatches(patches, visible, masked, { dropPath }), target) };
  };
  return { parameters: model.parameters(), loss };
}
