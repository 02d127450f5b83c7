export { ClipCheckpointError, loadOpenAiTeacher, openAiConfig, openAiSource } from './openai-checkpoint.ts';
export { createRandomTeacher } from './random-teacher.ts';
export {
  checkTeacherConfig,
  patchesPerFrame,
  teacherConfig,
  type TeacherConfig,
  type TeacherSize,
} from './teacher-config.ts';
export { Teacher, type TeacherOutput, type TeacherTarget } from './teacher.ts';
