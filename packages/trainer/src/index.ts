export type { CheckpointEntry, CheckpointFile, CheckpointListing, CheckpointStore } from './checkpoint-store.ts';
export type {
  CheckpointEvent,
  DoneEvent,
  EpochEvent,
  Phase,
  PhaseEvent,
  SkippedEvent,
  StartEvent,
  StepEvent,
  StoppedEvent,
  TrainingEvent,
  WarningEvent,
} from './events.ts';
export type {
  CheckpointOptions,
  LearningRateOptions,
  OptimizerOptions,
  TrainHooks,
  TrainOptions,
  TrainResult,
} from './options.ts';
export type { RunControl, RunHandle, StartRunOptions } from './run.ts';
export type { BatchSource, StepContext, TaskLoss, TrainingTask } from './task.ts';
