export { AdamW, type StepRates, type UpdateOutcome } from './adamw-optimizer.ts';
export type { RunFunction } from './answer-run.ts';
export type { CheckpointFiles, FolderWriter, Pieces } from './checkpoint-files.ts';
export type { CheckpointEntry, CheckpointFile, CheckpointListing, CheckpointStore } from './checkpoint-store.ts';
export {
  CheckpointWriteError,
  DamagedCheckpointError,
  DivergedError,
  FolderInUseError,
  ResumeError,
  RunError,
  TrainOptionsError,
  WorkerDiedError,
  type SkippedStep,
} from './errors.ts';
export {
  type isTrainingEvent,
  type AnyEvent,
  type CheckpointEvent,
  type DoneEvent,
  type EpochEvent,
  type Phase,
  type PhaseEvent,
  type RollBackEvent,
  type SkippedEvent,
  type StartEvent,
  type StepEvent,
  type StoppedEvent,
  type TrainingEvent,
  type WarningEvent,
} from './events.ts';
export { lockFolder, type FolderLock } from './folder-lock.ts';
export { folderStore } from './folder-store.ts';
export { formatBytes, formatCount, formatDuration, formatNumber } from './format.ts';
export { jsonLine, jsonLinesLog } from './json-lines.ts';
export { fileSink, type LogSink } from './log-sink.ts';
export { memoryStore } from './memory-store.ts';
export type {
  CheckpointOptions,
  EvaluationContext,
  EvaluationOptions,
  LearningRateOptions,
  OptimizerOptions,
  TrainHooks,
  TrainOptions,
  TrainResult,
} from './options.ts';
export { originPrivateStore } from './origin-private-store.ts';
export { optimizedParameters, type OptimizedParameter, type ParameterRules } from './parameter-groups.ts';
export { ParameterAverage } from './parameter-average.ts';
export { progressReporter, type ProgressOptions, type ProgressReporter, type TextStream } from './progress-reporter.ts';
export { eventLine, plainLine, progressLine, type LineStyle, type ProgressView } from './progress-text.ts';
export type { RunControl, RunHandle, StartRunOptions, WebWorker } from './run.ts';
export {
  layerDecay,
  scaleLearningRate,
  warmupCosine,
  warmupStepsOf,
  type Schedule,
  type WarmupCosine,
} from './schedule.ts';
export { serveRun } from './serve-run.ts';
export { startRun } from './start-run.ts';
export { stopOnSignals, type SignalWatch } from './stop-on-signals.ts';
export { checkpointStore } from './stored-checkpoints.ts';
export type { BatchSource, StepContext, TaskLoss, TrainingTask } from './task.ts';
export { tensorBoardFileName, tensorBoardLog } from './tensorboard.ts';
export { train } from './train.ts';
