import type { PretrainConfig } from './pretrain-config.ts';

/** What a check of several fields together reports: the field to change and what it must be. */
interface Refinement {
  addIssue(issue: { readonly code: 'custom'; readonly path: string[]; readonly message: string }): void;
}

/** What must hold between fields, each of which is allowed by itself. */
export function checkPretrainConfig(config: PretrainConfig, context: Refinement): void {
  const { video, student, teacher, alignment, schedule, mask } = config;
  const complain = (field: string, message: string) =>
    context.addIssue({ code: 'custom', path: field.split('.'), message });

  if (student.width % student.heads !== 0) {
    complain('student.width', `must be a multiple of student.heads (${student.heads}), not ${student.width}`);
  }
  if (teacher.width % teacher.heads !== 0) {
    complain('teacher.width', `must be a multiple of teacher.heads (${teacher.heads}), not ${teacher.width}`);
  }
  const studentGrid = video.size / student.patchSize;
  const teacherGrid = teacher.inputSize / teacher.patchSize;
  if (!Number.isInteger(studentGrid)) {
    complain('video.size', `must be a multiple of student.patchSize (${student.patchSize}), not ${video.size}`);
  } else if (teacherGrid !== studentGrid) {
    complain(
      'teacher.inputSize',
      `must be ${studentGrid * teacher.patchSize}, so that the teacher's ${teacher.patchSize}-pixel patches make the ` +
        `student's grid of ${studentGrid} x ${studentGrid}, not ${teacher.inputSize}`,
    );
  }
  if (video.frames % student.tubelet !== 0) {
    complain('video.frames', `must be a multiple of student.tubelet (${student.tubelet}), not ${video.frames}`);
  }
  for (const [who, depth, interval] of [
    ['student', student.depth, alignment.studentInterval],
    ['teacher', teacher.depth, alignment.teacherInterval],
  ] as const) {
    const shallowest = depth - Math.trunc((alignment.layers - 1) * interval) - 1;
    if (shallowest < 0) {
      complain(
        'alignment.layers',
        `reaches below the first of ${depth} ${who} layers; at most ${Math.floor((depth - 1) / interval) + 1}`,
      );
    }
  }
  const tokensPerFrame = Number.isInteger(studentGrid) ? studentGrid ** 2 : undefined;
  if (tokensPerFrame !== undefined && Math.trunc(tokensPerFrame * mask.ratio) >= tokensPerFrame) {
    complain('mask.ratio', `leaves no visible token of ${tokensPerFrame} per frame`);
  }
  if (schedule.warmupSteps === 0 && schedule.warmupEpochs > schedule.epochs) {
    complain(
      'schedule.warmupEpochs',
      `must be at most schedule.epochs (${schedule.epochs}), not ${schedule.warmupEpochs}`,
    );
  }
}
