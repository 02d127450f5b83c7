export { ConfigError } from './config/config-error.ts';
export type { DeepReadonly, Overrides } from './config/merge-config.ts';
export { nearestName } from './config/nearest.ts';
export { parsePretrainConfig, pretrainSchema, type PretrainConfig } from './config/pretrain-config.ts';
export { ForwardInputError, type ForwardInputs } from './forward/inputs.ts';
export {
  parseModelSpec,
  type ClipVisionSpec,
  type ModelSpec,
  type UmtPretrainSpec,
  type VideoClassifierSpec,
  type VideoMaePretrainSpec,
} from './forward/model-spec.ts';
export { runForward, type ForwardRequest, type ForwardResult } from './forward/run-forward.ts';
export {
  convertCheckpoint,
  type ConvertCheckpointOptions,
  type ConvertedCheckpoint,
} from './convert/convert-checkpoint.ts';
export { convertTensors, type ConvertOptions, type FloatDtype } from './convert/convert-tensors.ts';
export { parseLabels } from './inference/labels.ts';
export {
  VideoClassifier,
  type ClassifierOptions,
  type ClassifyOptions,
  type Prediction,
} from './inference/video-classifier.ts';
export {
  VideoEncoder,
  type Embedding,
  type PretrainedOptions,
  type VideoInput,
  type ViewOptions,
} from './inference/video-encoder.ts';
export type { ModelSizes } from './inference/video-model.ts';
export {
  inspectCheckpoint,
  type CheckpointInspection,
  type FittingModel,
  type InspectedTensor,
} from './inspect/inspect-checkpoint.ts';
export { pretrain, startPretraining, type PretrainOptions, type PretrainResult } from './pretrain.ts';
export { pretrainRecipe, pretrainRecipes, type PretrainRecipe } from './recipes/index.ts';
export { pretrainB16 } from './recipes/pretrain-b16.ts';
export { pretrainL16 } from './recipes/pretrain-l16.ts';
export { pretrainTiny } from './recipes/pretrain-tiny.ts';
export { renderReport } from './report/render-report.ts';
export type { ClipPicture, HeldOutSummary, ReportData, StepPoint } from './report/report-data.ts';
export {
  frozenTeacher,
  TeacherGridError,
  type FrozenTarget,
  type FrozenTeacher,
  type FrozenTeacherOptions,
  type TokenFeatures,
} from './stage1/frozen-teacher.ts';
export { frozenImageTeacher, type ImageFeatures, type ImageTeacherOptions } from './stage1/image-teacher.ts';
export { maskedTarget, studentTokens, type MaskConfig, type MaskedTarget } from './stage1/masks.ts';
export { buildStudent, buildTeacher, studentConfigOf, teacherConfigOf } from './stage1/models.ts';
export {
  createPretrainTask,
  type AlignedTeacher,
  type PretrainTaskOptions,
  type VideoBatch,
} from './stage1/pretrain-task.ts';
export {
  runPretraining,
  type EvaluationEvent,
  type HeldOutResult,
  type PretrainEvent,
  type PretrainHooks,
  type PretrainInput,
  type PretrainOutcome,
} from './stage1/run-pretraining.ts';
export { clipOptionsOf, clipsPerStep, trainOptionsOf } from './stage1/train-options.ts';
export { createVideoMaeTask, type VideoMaeTaskOptions } from './stage1/video-mae-task.ts';
