import type { SkippedStep } from './errors.ts';

/** What a run is busy with when it is not taking steps. */
export type Phase = 'loading' | 'resuming' | 'compiling' | 'training' | 'saving' | 'finishing';

/** The run does something that takes a while. Sent again as it gets on. */
export interface PhaseEvent {
  readonly type: 'phase';
  readonly phase: Phase;
  /** What exactly, in words for people: `decoding clips`. */
  readonly detail: string;
  /** From 0 to 1; null where the end is not known. */
  readonly progress: number | null;
}

/** Sizes of the run, sent once before the first step. */
export interface StartEvent {
  readonly type: 'start';
  /** Steps that a checkpoint had already taken; 0 for a new run. */
  readonly firstStep: number;
  /** Steps at which the run ends. */
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** Samples per optimizer step over all micro-batches and ranks. */
  readonly effectiveBatchSize: number;
  /** Numbers that training changes. */
  readonly trainableParameters: number;
  /** The device in words. */
  readonly device: string;
}

/** One optimizer step. It arrives one step late, because nothing waits for a read inside a step. */
export interface StepEvent {
  readonly type: 'step';
  /** Steps taken, this one included: from 1 to `totalSteps`. */
  readonly step: number;
  readonly totalSteps: number;
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Mean over all samples of the step. */
  readonly loss: number;
  /** The schedule's value, before a parameter group's own scale. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Global L2 norm of the gradients, before clipping. */
  readonly gradientNorm: number;
  /** Samples of all ranks per second, over the last steps. */
  readonly samplesPerSecond: number;
  /** Share of the time, 0 to 1, that the last steps waited for data. */
  readonly dataWaitShare: number;
  /** Time to the last step at the present speed, in seconds. */
  readonly secondsLeft: number;
  /** Means over the step, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A step whose loss or gradient norm was not finite: its update was not applied. */
export interface SkippedEvent {
  readonly type: 'skipped';
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Skipped steps in a row, this one included. */
  readonly consecutive: number;
  /** Skipped steps of the whole run. */
  readonly total: number;
  /** What the batch source calls the samples of the step on this rank: paths, say. */
  readonly samples: readonly string[];
}

/**
 * Too many steps in a row were not finite: the run went back to a checkpoint, and goes on from its weights with the batches after
 * those steps. What was learned since is gone; steps are not taken again.
 */
export interface RollBackEvent {
  readonly type: 'rollback';
  /** Steps taken, those included that are gone. */
  readonly step: number;
  /** The step of the checkpoint. */
  readonly toStep: number;
  /** Times that the run went back, this one included, and how often it may. */
  readonly rollBacks: number;
  readonly maxRollBacks: number;
  /** The steps that were not finite, with their samples on this rank. */
  readonly skipped: readonly SkippedStep[];
}

/** An epoch is over. */
export interface EpochEvent {
  readonly type: 'epoch';
  /** The epoch that ended, from 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps taken. */
  readonly step: number;
  /** Mean over the steps of this epoch that were taken since the run started or resumed, skipped ones left out; NaN if none is left. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Wall time of those steps. */
  readonly seconds: number;
}

/** A checkpoint is complete. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  /** Steps taken when it was written. */
  readonly step: number;
  readonly bytes: number;
  /** From the end of the step until it was complete; training went on meanwhile. */
  readonly seconds: number;
  /** How long training waited for it. */
  readonly stallSeconds: number;
  /** Where it lies, in words for people: a path in Node. */
  readonly place: string;
}

/** Something the user should know that does not end the run, such as a damaged checkpoint that was passed over. */
export interface WarningEvent {
  readonly type: 'warning';
  readonly message: string;
}

/** The run took its last step. */
export interface DoneEvent {
  readonly type: 'done';
  readonly step: number;
  readonly seconds: number;
  readonly skippedSteps: number;
}

/** The run was asked to stop and did so between two steps. */
export interface StoppedEvent {
  readonly type: 'stopped';
  readonly step: number;
  readonly totalSteps: number;
  readonly seconds: number;
  /** The step of the checkpoint from which the run can go on; null where it has no checkpoint store. */
  readonly checkpointStep: number | null;
}

/** Any event: one of the trainer, or of the program around it. Plain data, so that it passes between threads. */
export interface AnyEvent {
  readonly type: string;
}

/** Everything a run says about itself. */
export type TrainingEvent =
  | PhaseEvent
  | StartEvent
  | StepEvent
  | SkippedEvent
  | RollBackEvent
  | EpochEvent
  | CheckpointEvent
  | WarningEvent
  | DoneEvent
  | StoppedEvent;

const TYPES: ReadonlySet<string> = new Set<TrainingEvent['type']>([
  'phase',
  'start',
  'step',
  'skipped',
  'rollback',
  'epoch',
  'checkpoint',
  'warning',
  'done',
  'stopped',
]);

/** Whether an event is one of the trainer's. A program's own events need types of their own. */
export function isTrainingEvent(event: AnyEvent): event is TrainingEvent {
  return TYPES.has(event.type);
}
