export {
  ClipCheckpointError,
  describeClipCheckpoint,
  loadOpenAiTeacher,
  openAiConfig,
  openAiSource,
  type ClipDescription,
} from './openai-checkpoint.ts';
export { createRandomTeacher } from './random-teacher.ts';
export {
  checkTeacherConfig,
  patchesPerFrame,
  teacherConfig,
  type TeacherConfig,
  type TeacherSize,
} from './teacher-config.ts';
export { Teacher, type TeacherOutput, type TeacherTarget } from './teacher.ts';
