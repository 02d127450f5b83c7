import { createRandomTeacher, loadOpenAiTeacher, Teacher, teacherConfig, type TeacherConfig } from '@umt/clip';
import type { ParameterSource } from '@umt/nn';
import { createStudent, studentConfig, type Student, type StudentConfig } from '@umt/vit';
import type { PretrainConfig } from '../config/pretrain-config.ts';

/** The student that a configuration describes. */
export function studentConfigOf({ student, video, teacher, alignment }: PretrainConfig): StudentConfig {
  return studentConfig('B/16', {
    width: student.width,
    depth: student.depth,
    heads: student.heads,
    mlpRatio: student.mlpRatio,
    patch: student.patchSize,
    tubelet: student.tubelet,
    imageSize: video.size,
    frames: video.frames,
    alignedLayers: alignment.layers,
    layerInterval: alignment.studentInterval,
    targetWidth: teacher.outputWidth,
    normalize: alignment.normalize,
    head: alignment.head,
    extraTeachers: [],
    dropPath: student.dropPath,
    initValues: student.layerScale,
  });
}

/** The CLIP teacher that a configuration describes. */
export function teacherConfigOf({ teacher, student, alignment }: PretrainConfig): TeacherConfig {
  return teacherConfig('B/16', {
    width: teacher.width,
    layers: teacher.depth,
    heads: teacher.heads,
    patch: teacher.patchSize,
    tubelet: student.tubelet,
    resolution: teacher.inputSize,
    outputWidth: teacher.outputWidth,
    alignedLayers: alignment.layers,
    layerInterval: alignment.teacherInterval,
    normalize: alignment.normalize,
  });
}

/** A new student with the reference's initial values, on the ambient engine. */
export function buildStudent(config: PretrainConfig): Student {
  return createStudent(studentConfigOf(config), { seed: config.seed });
}

/**
 * The CLIP teacher, on the ambient engine and in its configured precision: with the weights of `source`, or, where there is
 * none, random ones.
 *
 * @throws ClipCheckpointError of @umt/clip or ParameterMismatchError of @umt/nn when the weights do not fit
 */
export async function buildTeacher(config: PretrainConfig, source: ParameterSource | null): Promise<Teacher> {
  const teacher =
    source === null
      ? createRandomTeacher(teacherConfigOf(config), { seed: config.seed })
      : new Teacher(teacherConfigOf(config));
  if (source !== null) await loadOpenAiTeacher(teacher, source);
  for (const parameter of teacher.parameters().values()) parameter.convert(config.teacher.precision);
  return teacher;
}
