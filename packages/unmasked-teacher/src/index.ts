export { ConfigError } from './config/config-error.ts';
export { finetuneSchema, parseFinetuneConfig, type FinetuneConfig } from './config/finetune-config.ts';
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
export { ClassifierCardError, type ClassifierCard } from './classifier/classifier-card.ts';
export { ClipClassifier } from './classifier/clip-classifier.ts';
export { loadClipClassifier } from './classifier/load-clip-classifier.ts';
export {
  evaluate,
  startEvaluation,
  type EvaluateEvent,
  type EvaluateHooks,
  type EvaluateOptions,
  type EvaluateResult,
} from './evaluate.ts';
export { EvaluationMeter, type EvaluationSummary } from './evaluation/evaluation-summary.ts';
export { measureClassifier, type Measurement, type Views } from './evaluation/measure.ts';
export { predictVideos, type ClipScorer, type VideoPrediction } from './evaluation/predict-videos.ts';
export { PredictionsFileError } from './evaluation/predictions-file-error.ts';
export { finetune, startFinetuning, type FinetuneOptions, type FinetuneResult } from './finetune.ts';
export { classWeightsOf } from './finetune/class-weights.ts';
export {
  createFinetuneTask,
  type FinetuneTaskOptions,
  type LabeledBatch,
  type MixingOptions,
} from './finetune/finetune-task.ts';
export { buildClassifier, cardOf, type BuiltClassifier, type StartingPoint } from './finetune/models.ts';
export type { PredictedClip } from './finetune/predicted-clips.ts';
export {
  runFinetuning,
  type AccuracyEvent,
  type BestMeasurement,
  type FinetuneEvent,
  type FinetuneHooks,
  type FinetuneInput,
  type FinetuneOutcome,
  type TrainedClassifier,
} from './finetune/run-finetuning.ts';
export { finetuneClipOptions, finetuneTrainOptions, mixingOf } from './finetune/train-options.ts';
export { finetuneRecipe, finetuneRecipes, type FinetuneRecipe } from './recipes/finetune/index.ts';
export { finetuneTiny } from './recipes/finetune/tiny.ts';
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
export {
  b16_ptk710_ftk710_ftk400_f8_res224,
  l16_ptk710_ftk710_ftk400_f16_res224,
  l16_ptk710_ftk710_ftk400_f8_res224,
} from './recipes/finetune/k400.ts';
export {
  b16_ptk710_ftk710_ftk600_f8_res224,
  l16_ptk710_ftk710_ftk600_f16_res224,
  l16_ptk710_ftk710_ftk600_f8_res224,
} from './recipes/finetune/k600.ts';
export {
  b16_ptk710_ftk710_ftk700_f8_res224,
  l16_ptk710_ftk710_ftk700_f16_res224,
  l16_ptk710_ftk710_ftk700_f8_res224,
} from './recipes/finetune/k700.ts';
export { b16_ptk710_ftk710_f8_res224, l16_ptk710_ftk710_f8_res224 } from './recipes/finetune/k710.ts';
export {
  b16_ptk710_ftk710_ftk400_ftmitv1_f8_res224,
  b16_ptk710_ftk710_ftk400_ftmitv1_f8_res384,
  l16_ptk710_ftk710_ftk400_ftmitv1_f8_res224,
  l16_ptk710_ftk710_ftk400_ftmitv1_f8_res384,
} from './recipes/finetune/moments-in-time.ts';
export { b16_ptk710_ftssv2_f8_res224, l16_ptk710_ftssv2_f8_res224 } from './recipes/finetune/something-something.ts';
