import { entriesOf, repeatVideos, type QuarantineStore, type Videos } from '@umt/data';
import { stateDict, type NamedArray, type ParameterSource } from '@umt/nn';
import { singleProcess, type Collective } from '@umt/tensor';
import {
  train,
  type CheckpointStore,
  type EvaluationContext,
  type TrainingEvent,
  type TrainResult,
} from '@umt/trainer';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { ClipPicture } from '../report/report-data.ts';
import { StoppedClock } from '../training/stopped-clock.ts';
import { openTrainingLoader } from '../training/training-loader.ts';
import { pictureClips } from './clip-picture.ts';
import { EVALUATION_CLIPS, fixedClips, HeldOutMeasure, someOf, splitVideos } from './held-out.ts';
import { buildStudent, buildTeacher } from './models.ts';
import { createPretrainTask } from './pretrain-task.ts';
import { clipOptionsOf, trainOptionsOf } from './train-options.ts';

/** What a run works on. */
export interface PretrainInput {
  readonly config: PretrainConfig;
  /** All videos; `config.data.heldOut` of them are kept out of training. */
  readonly videos: Videos;
  /** A CLIP's weights; null for a random teacher. */
  readonly teacherWeights: ParameterSource | null;
  /** Where checkpoints go; null for none. */
  readonly store: CheckpointStore | null;
  /** Where videos that cannot be read are listed and remembered. Default nowhere. */
  readonly quarantine?: QuarantineStore;
}

/** How a run talks to the outside. */
export interface PretrainHooks {
  readonly emit?: (event: PretrainEvent) => void;
  readonly stopSignal?: AbortSignal;
  /** The processes that share the run; rank 0 alone measures. Default `singleProcess`. */
  readonly collective?: Collective;
}

/** The student was measured on held-out clips. */
export interface EvaluationEvent {
  readonly type: 'evaluation';
  /** Optimizer steps taken. */
  readonly step: number;
  /** Mean alignment loss. */
  readonly loss: number;
}

/** Everything that a pre-training run says about itself. Plain data, so that it passes between threads. */
export type PretrainEvent = TrainingEvent | EvaluationEvent;

/** What came of a run; on ranks other than 0 without measurements and pictures. */
export interface PretrainOutcome extends TrainResult {
  /** The student's parameters under their official names. */
  readonly student: ReadonlyMap<string, NamedArray>;
  readonly trainingVideos: number;
  /** Null where no video was held out, or the run was stopped. */
  readonly heldOut: HeldOutResult | null;
  /** Some clips as teacher and student saw them. */
  readonly clips: readonly ClipPicture[];
  /** One line for each video that could not be read. */
  readonly brokenVideos: readonly string[];
}

/** How the student does on videos it was not trained on. */
export interface HeldOutResult {
  readonly videos: readonly string[];
  readonly clips: number;
  /** At the end of the run. */
  readonly loss: number;
  /** Loss of predicting the mean training target of each layer and position. */
  readonly blindLoss: number;
}

/**
 * Stage-1 pre-training from videos to a student, on the ambient engine and in this thread: models, data, training with
 * held-out measurements in between, and what a report shows at the end.
 *
 * @throws ConfigError, DataError of @umt/data, TrainOptionsError, ResumeError and DivergedError of @umt/trainer
 */
export async function runPretraining(input: PretrainInput, hooks: PretrainHooks = {}): Promise<PretrainOutcome> {
  const { config, videos, teacherWeights, store, quarantine = null } = input;
  const { emit = () => {}, stopSignal, collective = singleProcess } = hooks;
  const loading = (detail: string) => emit({ type: 'phase', phase: 'loading', detail, progress: null });
  const { training, ...split } = splitVideos(videos, config.data.heldOut);
  const heldOut = await entriesOf(split.heldOut);

  const { loader, batches, allBroken } = openTrainingLoader({
    config,
    entries: repeatVideos(training, config.data.clipsPerVideo),
    clip: clipOptionsOf(config),
    origin: `${training.length} videos for training x data.clipsPerVideo ${config.data.clipsPerVideo}`,
    emit,
    collective,
    quarantine,
  });
  loading(teacherWeights ? 'teacher weights' : 'random teacher');
  const teacher = await buildTeacher(config, teacherWeights);
  loading('student');
  const student = buildStudent(config);
  try {
    const measures = heldOut.length > 0 && collective.rank === 0;
    if (measures) loading('held-out clips');
    const measure = measures ? new HeldOutMeasure(teacher, config, await fixedClips(config, heldOut)) : null;
    const clock = new StoppedClock();
    const losses = new Map<number, number>();
    const evaluate = async ({ step }: EvaluationContext): Promise<number | null> => {
      if (!measure) return null;
      const loss = await clock.pause(() => measure.loss(student));
      emit({ type: 'evaluation', step, loss });
      losses.set(step, loss);
      return loss;
    };
    const task = createPretrainTask({ student, teacher, config });
    const every = config.report.evaluateEverySteps;
    const evaluation = {
      isDue: (step: number) => every !== null && step % every === 0,
      better: 'lower' as const,
      measure: evaluate,
    };
    const options = {
      ...trainOptionsOf(config, batches, store),
      collective,
      ...(heldOut.length > 0 && { evaluation }),
    };
    const stopping = stopSignal ? { stopSignal } : {};
    const result = await train(task, options, { onEvent: emit, now: clock.now, ...stopping });

    // a run that was stopped is not kept waiting: what goes on from its checkpoint is measured
    const last = result.outcome === 'done' ? measure : null;
    emit({ type: 'phase', phase: 'finishing', detail: 'measuring', progress: null });
    const { clips: shown } = config.report;
    // more than are shown, for some may be broken
    const shownClips = () => fixedClips(config, someOf(training, shown + EVALUATION_CLIPS), shown);
    const picturesOf = async () => {
      if (config.report.clips === 0 || collective.rank > 0 || result.outcome === 'stopped') return [];
      return pictureClips(teacher, config, measure?.clips ?? (await shownClips()));
    };
    return {
      ...result,
      student: await stateDict(student),
      trainingVideos: training.length,
      heldOut: last && {
        videos: heldOut.map(({ path }) => path),
        clips: last.clipCount,
        loss: losses.get(result.step) ?? Number.NaN,
        blindLoss: await last.blindLoss(training),
      },
      clips: await picturesOf(),
      brokenVideos: allBroken(),
    };
  } finally {
    await loader.close();
    student.dispose();
    teacher.dispose();
  }
}
