import type { PretrainConfig } from './pretrain-config.ts';
import { checkMultiple, checkWarmup, complainTo, type Refinement } from './refinement.ts';

/** What must hold between fields, each of which is allowed by itself. */
export function checkPretrainConfig(config: PretrainConfig, context: Refinement): void {
  const { video, student, teacher, alignment, schedule, mask, checkpoint, data } = config;
  const complain = complainTo(context);

  checkMultiple(complain, ['student.width', student.width], ['student.heads', student.heads]);
  checkMultiple(complain, ['teacher.width', teacher.width], ['teacher.heads', teacher.heads]);
  const studentGrid = video.size / student.patchSize;
  const teacherGrid = teacher.inputSize / teacher.patchSize;
  const fits = checkMultiple(complain, ['video.size', video.size], ['student.patchSize', student.patchSize]);
  if (fits && teacherGrid !== studentGrid) {
    complain(
      'teacher.inputSize',
      `must be ${studentGrid * teacher.patchSize}, so that the teacher's ${teacher.patchSize}-pixel patches make the ` +
        `student's grid of ${studentGrid} x ${studentGrid}, not ${teacher.inputSize}`,
    );
  }
  checkMultiple(complain, ['video.frames', video.frames], ['student.tubelet', student.tubelet]);
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
  const tokensPerFrame = fits ? studentGrid ** 2 : undefined;
  if (tokensPerFrame !== undefined && Math.trunc(tokensPerFrame * mask.ratio) >= tokensPerFrame) {
    complain('mask.ratio', `leaves no visible token of ${tokensPerFrame} per frame`);
  }
  if (checkpoint.keepBest > 0 && data.heldOut === 0) {
    complain('checkpoint.keepBest', 'must be 0 without held-out videos to measure by; set data.heldOut');
  }
  checkWarmup(schedule, complain);
}
