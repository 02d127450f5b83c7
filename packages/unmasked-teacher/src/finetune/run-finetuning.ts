import type { QuarantineStore } from '@umt/data';
import { stateDict, type NamedArray } from '@umt/nn';
import { singleProcess, type Collective } from '@umt/tensor';
import {
  ParameterAverage,
  train,
  type CheckpointStore,
  type EvaluationContext,
  type TrainingEvent,
  type TrainResult,
} from '@umt/trainer';
import type { ClassifierCard } from '../classifier/classifier-card.ts';
import type { FinetuneConfig } from '../config/finetune-config.ts';
import type { EvaluationSummary } from '../evaluation/evaluation-summary.ts';
import { openTrainingLoader } from '../training/training-loader.ts';
import { StoppedClock } from '../training/stopped-clock.ts';
import { labelSetsOf, type ClassVideos } from './class-videos.ts';
import { classWeightsOf } from './class-weights.ts';
import { createFinetuneTask } from './finetune-task.ts';
import { buildClassifier, cardOf, type StartingPoint } from './models.ts';
import type { PredictedClip } from './predicted-clips.ts';
import { finetuneClipOptions, finetuneTrainOptions, mixingOf } from './train-options.ts';
import { ValidationMeasure } from './validation.ts';

/** What a fine-tuning run works on. */
export interface FinetuneInput {
  readonly config: FinetuneConfig;
  /** Videos for training, and the classes. */
  readonly training: ClassVideos;
  /** Videos to measure the classifier by, of the same classes; null for no measurement. */
  readonly validation: ClassVideos | null;
  /** What the classifier starts from; null for random weights. */
  readonly start: StartingPoint | null;
  /** Where checkpoints go; null for none. */
  readonly store: CheckpointStore | null;
  /** Where videos that cannot be read are listed and remembered. Default nowhere. */
  readonly quarantine?: QuarantineStore;
}

/** How a run talks to the outside. */
export interface FinetuneHooks {
  readonly emit?: (event: FinetuneEvent) => void;
  readonly stopSignal?: AbortSignal;
  /** The processes that share the run; rank 0 alone measures. Default `singleProcess`. */
  readonly collective?: Collective;
  /** Takes the weights whenever they are the best so far. */
  readonly saveBest?: (weights: TrainedClassifier, best: BestMeasurement) => Promise<void>;
}

/** The classifier was measured on the validation list. */
export interface AccuracyEvent {
  readonly type: 'accuracy';
  /** Optimizer steps taken. */
  readonly step: number;
  readonly videos: number;
  /** Shares from 0 to 1. */
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
  /** Whether it is better than every one before. */
  readonly isBest: boolean;
}

/** Everything that a fine-tuning run says about itself. Plain data, so that it passes between threads. */
export type FinetuneEvent = TrainingEvent | AccuracyEvent;

/** The best measurement so far. */
export interface BestMeasurement {
  readonly step: number;
  readonly top1: number;
}

/** A classifier's parameters, and what its file says of itself. */
export interface TrainedClassifier {
  readonly card: ClassifierCard;
  /** Under their official names, those of a probe as `probe.*`. */
  readonly weights: ReadonlyMap<string, NamedArray>;
}

/** What came of a run; on ranks other than 0 without measurements. */
export interface FinetuneOutcome extends Omit<TrainResult, 'best'> {
  readonly classifier: TrainedClassifier;
  readonly trainingVideos: number;
  /** On one view of each video, as during training; null without a validation list, or where the run was stopped before. */
  readonly validation: EvaluationSummary | null;
  /** On all views; null where there is only one, no list, or the run was stopped before. */
  readonly test: EvaluationSummary | null;
  readonly best: BestMeasurement | null;
  /** Some validation clips and what the classifier says of them. */
  readonly clips: readonly PredictedClip[];
  /** One line for each video that could not be read. */
  readonly brokenVideos: readonly string[];
}

/**
 * Fine-tuning from labelled videos to a classifier, on the ambient engine and in this thread: training with measurements on the
 * validation list in between, and what a report shows at the end.
 *
 * @throws ConfigError, DataError of @umt/data, TrainOptionsError, ResumeError and DivergedError of @umt/trainer, and what
 *   `buildClassifier` throws
 */
export async function runFinetuning(input: FinetuneInput, hooks: FinetuneHooks = {}): Promise<FinetuneOutcome> {
  const { config, training, validation, start, store, quarantine = null } = input;
  const { emit = () => {}, stopSignal, collective = singleProcess, saveBest } = hooks;
  const phase = (name: 'loading' | 'finishing', detail: string) =>
    emit({ type: 'phase', phase: name, detail, progress: null });
  const card = cardOf(config, training.classes);

  const { loader, batches, brokenVideos, allBroken } = openTrainingLoader({
    config,
    entries: training.entries,
    clip: finetuneClipOptions(config),
    origin: 'the videos of data.path',
    emit,
    collective,
    quarantine,
  });
  phase('loading', start ? 'starting weights' : 'random weights');
  const { model, remarks } = await buildClassifier(config, card, start);
  for (const message of remarks) emit({ type: 'warning', message });
  const task = createFinetuneTask({
    model,
    isFrozen: config.method !== 'full',
    kind: config.loss.kind,
    smoothing: config.loss.smoothing,
    ...(config.loss.classWeights === 'balanced' && {
      classWeights: classWeightsOf(await labelSetsOf(training.entries), training.classes.length),
    }),
    mixing: mixingOf(config),
    recomputedBlocks: config.model.recomputedBlocks,
  });
  const { decay } = config.averaging;
  const averaging = decay === null ? undefined : new ParameterAverage(task.parameters, { decay });
  const averaged = <T>(run: () => Promise<T>) => (averaging ? averaging.withAveragedParameters(run) : run());
  const trained = async (): Promise<TrainedClassifier> => ({ card, weights: await stateDict(model) });
  const measure =
    validation && collective.rank === 0
      ? new ValidationMeasure(config, card, validation.entries, brokenVideos, emit, stopSignal)
      : null;
  try {
    const clock = new StoppedClock();
    const summaries = new Map<number, EvaluationSummary>();
    const evaluate = async ({ step, isBest }: EvaluationContext): Promise<number | null> => {
      const summary = (await measure?.quick(model)) ?? null;
      if (!summary) return null;
      const { videos, top1, top5, loss } = summary;
      emit({ type: 'accuracy', step, videos, top1, top5, loss, isBest: isBest(top1) });
      if (isBest(top1)) await saveBest?.(await trained(), { step, top1 });
      summaries.set(step, summary);
      return top1;
    };
    const every = config.evaluation.everyEpochs;
    const evaluation = {
      isDue: (step: number, stepsPerEpoch: number) =>
        every !== null && step > 0 && step % (every * stepsPerEpoch) === 0,
      better: 'higher' as const,
      measure: (context: EvaluationContext) => clock.pause(() => averaged(() => evaluate(context))),
    };
    const options = {
      ...finetuneTrainOptions(config, batches, store, averaging),
      collective,
      ...(validation && { evaluation }),
    };
    const result = await train(task, options, { onEvent: emit, now: clock.now, ...(stopSignal && { stopSignal }) });

    // a run that was stopped is not kept waiting: what goes on from its checkpoint is measured
    const last = result.outcome === 'done' ? measure : null;
    if (last) phase('finishing', 'measuring');
    return await averaged(async () => ({
      ...result,
      trainingVideos: training.entries.length,
      validation: (last && summaries.get(result.step)) ?? null,
      test: last && (await last.thorough(model)),
      classifier: await trained(),
      best: result.best && { step: result.best.step, top1: result.best.value },
      clips: (await last?.clips(model)) ?? [],
      brokenVideos: allBroken(),
    }));
  } finally {
    await loader.close();
    averaging?.dispose();
    model.dispose();
  }
}
