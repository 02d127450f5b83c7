// @ts-check
/**
 * Multiplications and additions of a whole stage-1 step, of the reference and of ours, which leaves out what nobody uses:
 * the teacher's last layer and features for tokens that the student does not see, and their patch embedding in the student.
 * Element by element work (norms, softmax, activations, the optimizer) is not counted.
 *
 *   node bench/stage1-work.mjs [B/16]
 */
import { pathToFileURL } from 'node:url';

/** What sizes a step. `outputWidth` is that of the teacher's features, `aligned` the number of layers compared. */
const SIZES = /** @type {const} */ ({
  'B/16': { frames: 8, patches: 196, patch: 16, width: 768, depth: 12, aligned: 6, outputWidth: 512, dropped: 0.8 },
  small: { frames: 2, patches: 16, patch: 16, width: 64, depth: 4, aligned: 2, outputWidth: 32, dropped: 0.8 },
});

/** Backward multiplies twice as much as forward: towards inputs and towards weights. */
const FORWARD_AND_BACKWARD = 3;
/** Of an embedding of pixels only the weights have gradients. */
const FORWARD_AND_WEIGHTS = 2;

/**
 * Floating-point operations for one clip.
 * @param {keyof typeof SIZES} name
 * @returns {{ readonly reference: number, readonly ours: number, readonly attention: number }} `attention`: of ours
 */
function stage1Work(name) {
  const { frames, patches, patch, width, depth, aligned, outputWidth, dropped } = SIZES[name];
  const all = frames * patches;
  const seen = frames * (patches - Math.trunc(patches * dropped));
  const teacherTokens = frames * (patches + 1);
  const product = (/** @type {number} */ rows, /** @type {number} */ inner, /** @type {number} */ columns) =>
    2 * rows * inner * columns;
  const mixing = (/** @type {number} */ queries, /** @type {number} */ keys) => 2 * product(queries, width, keys);
  const projections = (/** @type {number} */ tokens, /** @type {number} */ count) =>
    product(tokens, width, count * width);
  const embedding = (/** @type {number} */ tokens) => product(tokens, 3 * patch ** 2, width);
  const features = (/** @type {number} */ tokens) => aligned * product(tokens, width, outputWidth);

  // queries, keys, values, projection, and a perceptron of four times the width: 12 products of width x width a token
  const teacherLayer = projections(teacherTokens, 12);
  const teacherMixing = mixing(teacherTokens, patches + 1);
  const teacher = depth * (teacherLayer + teacherMixing) + embedding(all) + features(all);
  const lastLayer = projections(teacherTokens, 2) + projections(seen, 10) + projections(frames, 1);
  const lastMixing = mixing(seen, patches + 1) + product(frames, width, patches + 1);
  const ourMixing = (depth - 1) * teacherMixing + lastMixing;
  const ourTeacher = (depth - 1) * teacherLayer + lastLayer + ourMixing + embedding(all) + features(seen);

  const studentMixing = FORWARD_AND_BACKWARD * depth * mixing(seen, seen);
  const student = FORWARD_AND_BACKWARD * (depth * projections(seen, 12) + features(seen)) + studentMixing;
  return {
    reference: teacher + student + FORWARD_AND_WEIGHTS * embedding(all),
    ours: ourTeacher + student + FORWARD_AND_WEIGHTS * embedding(seen),
    attention: ourMixing + studentMixing,
  };
}

/** @param {keyof typeof SIZES} name */
export function describeWork(name) {
  const { reference, ours, attention } = stage1Work(name);
  const giga = (/** @type {number} */ one) => (one / 1e9).toFixed(1);
  return (
    `${name}, one clip: ${giga(reference)} GFLOP in the reference, ${giga(ours)} in ours (${giga(attention)} of them attention): ` +
    `skipped work saves ${((1 - ours / reference) * 100).toFixed(2)} %, a ratio of at most ${(reference / ours).toFixed(3)} by itself`
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(describeWork(process.argv[2] === 'small' ? 'small' : 'B/16'));
}
