export { AlignmentHead, ExtraTeacherHeads, MlpAlignmentHead, type AlignmentTarget } from './alignment-head.ts';
export {
  checkClassifierConfig,
  classifierConfig,
  type ClassifierConfig,
  type ClassifierSize,
} from './classifier-config.ts';
export { Classifier, createClassifier, type ClassifierContext, type ClassifierOutput } from './classifier.ts';
export { classifierConfigOf, describeVitCheckpoint, type VitDescription } from './checkpoint-sizes.ts';
export {
  loadClassifier,
  loadStudent,
  ReferenceCheckpointError,
  type LoadClassifierOptions,
  type TransferReport,
} from './reference-checkpoint.ts';
export { AttentiveProbe, createAttentiveProbe, type AttentiveProbeConfig } from './attentive-probe.ts';
export { createLinearProbe, LinearProbe, type ProbeConfig } from './linear-probe.ts';
export { Encoder, type EncoderOptions } from './encoder.ts';
export { classifierParameterShapes, studentParameterShapes, videoMaeParameterShapes } from './parameter-shapes.ts';
export type { ForwardContext } from './run-block.ts';
export {
  checkStudentConfig,
  studentConfig,
  studentGrid,
  type StudentConfig,
  type StudentSize,
} from './student-config.ts';
export { createStudent, Student, type StudentOutput } from './student.ts';
export {
  checkVideoMaeConfig,
  videoMaeConfig,
  videoMaeGrid,
  type VideoMaeConfig,
  type VideoMaeSize,
} from './video-mae-config.ts';
export { createVideoMae, VideoMae, VideoMaeDecoder } from './video-mae.ts';
