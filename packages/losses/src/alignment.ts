// K aligned layers, B clips, M visible tokens, C channels.
import {
  absolute,
  mean,
  minimum,
  multiply,
  scope,
  square,
  stopGradient,
  subtract,
  sum,
  type Tensor,
} from '@umt/tensor';

/**
 * How student and teacher features are compared (UMT section 3.2):
 * - `l2`: 2 - 2 s.z, the squared distance of unit vectors, averaged over tokens. The recipes' choice.
 * - `mse`: (s - z)^2 averaged over all elements; for unit vectors `l2` divided by C.
 * - `smooth_l1`: 0.5 d^2 where |d| < 1, else |d| - 0.5, averaged over all elements.
 */
export type AlignmentLossKind = 'l2' | 'mse' | 'smooth_l1';

const LOSSES: Readonly<Record<AlignmentLossKind, (student: Tensor, teacher: Tensor) => Tensor>> = {
  l2: (student, teacher) => {
    const cosine = mean(sum(multiply(student, teacher), { axes: -1 }));
    return subtract(2, multiply(cosine, 2));
  },
  mse: (student, teacher) => mean(square(subtract(student, teacher))),
  smooth_l1: (student, teacher) => {
    const distance = absolute(subtract(student, teacher));
    const inside = minimum(distance, 1);
    return mean(multiply(inside, subtract(distance, multiply(inside, 0.5))));
  },
};

/**
 * The distance between what a student and a frozen teacher say of the same tokens, averaged over aligned layers, clips
 * and tokens: a scalar. No gradient reaches the teacher. Give `l2` unit vectors on both sides; the others take any.
 *
 * @param student_KBMC [K, B, M, C]
 * @param teacher_KBMC the same shape
 * @throws RangeError for an unknown kind or shapes that differ
 */
export function alignmentLoss(student_KBMC: Tensor, teacher_KBMC: Tensor, kind: AlignmentLossKind): Tensor {
  const loss = Object.hasOwn(LOSSES, kind) ? LOSSES[kind] : undefined;
  if (!loss) throw new RangeError(`alignment loss: '${kind}' is none of ${Object.keys(LOSSES).join(', ')}`);
  const shapes = [student_KBMC, teacher_KBMC].map(({ shape }) => `[${shape.join(', ')}]`);
  if (shapes[0] !== shapes[1]) {
    throw new RangeError(`alignment loss: student ${shapes[0]} and teacher ${shapes[1]} must have one shape`);
  }
  return scope(() => loss(student_KBMC, stopGradient(teacher_KBMC)));
}
