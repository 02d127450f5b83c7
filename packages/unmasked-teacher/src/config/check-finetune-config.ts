import type { FinetuneConfig } from './finetune-config.ts';
import { checkMultiple, checkWarmup, complainTo, type Refinement } from './refinement.ts';

/** What must hold between fields, each of which is allowed by itself. */
export function checkFinetuneConfig(config: FinetuneConfig, context: Refinement): void {
  const { video, model, mixing, loss, batch, augmentation, evaluation, schedule, from, checkpoint, data } = config;
  const complain = complainTo(context);

  checkMultiple(complain, ['model.width', model.width], ['model.heads', model.heads]);
  checkMultiple(complain, ['video.size', video.size], ['model.patchSize', model.patchSize]);
  checkMultiple(complain, ['video.frames', video.frames], ['model.tubelet', model.tubelet]);
  if (model.recomputedBlocks > model.depth) {
    complain('model.recomputedBlocks', `must be at most model.depth (${model.depth}), not ${model.recomputedBlocks}`);
  }
  if (isMixing(mixing) && (batch.size * augmentation.repeats) % 2 !== 0) {
    complain('batch.size', `must make an even number of clips for mixing, not ${batch.size * augmentation.repeats}`);
  }
  if (loss.classWeights !== 'none' && isMixing(mixing)) {
    complain('loss.classWeights', 'must be none where clips are mixed; set mixing.probability to 0 for class weights');
  }
  if (loss.classWeights !== 'none' && loss.kind === 'multi-label') {
    complain('loss.classWeights', 'must be none where loss.kind is multi-label');
  }
  if (isMixing(mixing) && loss.kind === 'multi-label') {
    complain(
      'loss.kind',
      'must be cross-entropy where clips are mixed; set mixing.probability to 0 for several labels',
    );
  }
  if (evaluation.shortSide !== null && evaluation.shortSide < video.size) {
    complain('evaluation.shortSide', `must be at least video.size (${video.size}), not ${evaluation.shortSide}`);
  }
  if (config.method !== 'full' && from.weights === null) {
    complain('from.weights', `must name a checkpoint for a ${config.method}: random features hold nothing to read out`);
  }
  if (checkpoint.keepBest > 0 && data.validation === null) {
    complain('checkpoint.keepBest', 'must be 0 without a list to measure by; set data.validation');
  }
  checkWarmup(schedule, complain);
}

/** Whether clips of a batch are mixed at all. */
export function isMixing({ mixup, cutmix, probability }: FinetuneConfig['mixing']): boolean {
  return probability > 0 && (mixup > 0 || cutmix > 0);
}
