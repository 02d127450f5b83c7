// B clips, T frames of H x W pixels, C classes, L blocks, D width.
import { mixBatch, type ClipBatch, type MixOptions } from '@umt/data';
import { labelSmoothingCrossEntropy, multiLabelLoss, softTargetCrossEntropy } from '@umt/losses';
import { dropoutFactors, dropPathFactors } from '@umt/nn';
import { scope, tensor, type Tensor } from '@umt/tensor';
import type { StepContext, TaskLoss, TrainingTask } from '@umt/trainer';
import type { ClassifierContext } from '@umt/vit';
import type { ClipClassifier } from '../classifier/clip-classifier.ts';
import { samplesOf } from '../training/samples-of.ts';

/** Clips with their classes; batches of @umt/data are that. */
export type LabeledBatch = Pick<ClipBatch, 'video' | 'shape' | 'labels' | 'labelSets' | 'paths'>;

/** How clips of a batch are mixed. */
export type MixingOptions = Pick<MixOptions, 'mixup' | 'cutmix' | 'probability' | 'switchProbability'>;

/** What fine-tuning is made of. */
export interface FinetuneTaskOptions {
  readonly model: ClipClassifier;
  /** Train only the head or the probe, on features that are computed without gradients. Default false. */
  readonly isFrozen?: boolean;
  /** One class per clip, or any number of them. Default `cross-entropy`. */
  readonly kind?: 'cross-entropy' | 'multi-label';
  /** Label smoothing. Default 0. */
  readonly smoothing?: number;
  /** Weight of each class, for `cross-entropy` without mixing. Default all equal. */
  readonly classWeights?: ArrayLike<number>;
  /** Mixup and cutmix; null, the default, for none. */
  readonly mixing?: MixingOptions | null;
  /** The first so many blocks compute their activations again instead of keeping them. Default 0. */
  readonly recomputedBlocks?: number;
}

/**
 * Fine-tuning as the trainer takes it: the loss of the classifier on labelled clips, mixed where that is asked for (UMT's
 * recipes: mixup 0.8 or cutmix 1.0 on every batch, smoothing 0.1, soft-target cross-entropy).
 *
 * @throws RangeError for class weights together with mixing or several labels; at a step, when a clip has no class or
 *   several where one is needed
 */
export function createFinetuneTask(options: FinetuneTaskOptions): TrainingTask<LabeledBatch> {
  const { model, isFrozen = false, classWeights, mixing = null, kind = 'cross-entropy' } = options;
  if (classWeights && (mixing !== null || kind === 'multi-label')) {
    throw new RangeError('fine-tuning: class weights need one label per clip and no mixing');
  }
  return {
    parameters: isFrozen ? model.headParameters() : model.parameters(),
    loss: (batch, context): TaskLoss => ({
      loss: scope(() => {
        const { video, lossOf } = prepared(batch, context, options);
        const video_BTHWC = tensor(video, batch.shape);
        if (isFrozen) return lossOf(model.logitsOfFrozen(video_BTHWC));
        return lossOf(model.logits(video_BTHWC, contextOf(batch, context, options)));
      }),
    }),
  };
}

interface Prepared {
  readonly video: Float32Array;
  readonly lossOf: (logits_BC: Tensor) => Tensor;
}

/** The clips as the model gets them, and what its answer is compared with. */
function prepared(batch: LabeledBatch, context: StepContext, options: FinetuneTaskOptions): Prepared {
  const { model, kind = 'cross-entropy', smoothing = 0, classWeights, mixing = null } = options;
  const { video, labelSets } = batch;
  const { classes } = model;
  const soft = (targets: Float32Array) => tensor(targets, [labelSets.length, classes]);
  if (kind === 'multi-label') {
    const targets = multiLabelTargets(labelSets, classes, smoothing);
    return { video, lossOf: (logits) => multiLabelLoss(logits, soft(targets)) };
  }
  if (mixing === null) {
    const labels = labelSets.map(onlyLabel);
    const weights = classWeights ? { classWeights } : {};
    return { video, lossOf: (logits) => labelSmoothingCrossEntropy(logits, labels, smoothing, weights) };
  }
  const mixed = mixBatch(batch, { ...mixing, smoothing, classes, seed: context.seed, step: batchNumber(context) });
  return { video: mixed.video, lossOf: (logits) => softTargetCrossEntropy(logits, soft(mixed.targets)) };
}

/** A number of its own for every batch of a run, over micro-batches and ranks. */
function batchNumber({ step, microStep, accumulationSteps, collective }: StepContext): number {
  return (step * accumulationSteps + microStep) * collective.worldSize + collective.rank;
}

/** 1 for each class of a clip and 0 for others, both drawn towards 1/2 by the smoothing: [B, C], row-major. */
function multiLabelTargets(
  labelSets: readonly (readonly number[])[],
  classes: number,
  smoothing: number,
): Float32Array {
  const targets = new Float32Array(labelSets.length * classes).fill(smoothing / 2);
  for (const [row, labels] of labelSets.entries()) {
    for (const label of labels) targets[row * classes + label] = 1 - smoothing / 2;
  }
  return targets;
}

function onlyLabel(labels: readonly number[]): number {
  const [label] = labels;
  if (label !== undefined && labels.length === 1) return label;
  throw new RangeError(
    `fine-tuning: a clip has ${labels.length} classes where it needs one; a loss of kind 'multi-label' takes any number`,
  );
}

/** What is drawn for one pass: stochastic depth and dropout. */
function contextOf(
  { shape }: LabeledBatch,
  context: StepContext,
  { model, recomputedBlocks = 0 }: FinetuneTaskOptions,
): ClassifierContext {
  const { dropPathRates: rates, config } = model.classifier;
  const { seed, step } = context;
  const samples = samplesOf(shape[0], context);
  const [count, { width, dropout: rate }] = [samples.length, config];
  return {
    recomputedBlocks,
    ...(config.dropPath > 0 && {
      dropPath: tensor(dropPathFactors({ seed, step, samples, rates }), [rates.length, 2, count]),
    }),
    ...(rate > 0 && { dropout: tensor(dropoutFactors({ seed, step, samples, width, rate }), [count, width]) }),
  };
}
