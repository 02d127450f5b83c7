export { Encoder, type EncoderOptions, type ForwardContext } from './encoder.ts';
export { studentParameterShapes } from './parameter-shapes.ts';
export {
  checkStudentConfig,
  studentConfig,
  studentGrid,
  type StudentConfig,
  type StudentSize,
} from './student-config.ts';
export { AlignmentHead, createStudent, Student, type StudentOutput } from './student.ts';
