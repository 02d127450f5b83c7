// @ts-check
/**
 * What can be told of a video without the order of its frames: features of each frame by fixed random filters, pooled over
 * the frames, and a linear head trained on them.
 */

/** @typedef {{ readonly frames: readonly Uint8Array[]; readonly size: number }} Clip frames of RGB [size, size, 3] */

const FILTERS = 32;
const WIDTH = 5;
const STRIDE = 2;
/** Cells of the frame, one way, in each of which a filter's answers are averaged. */
const CELLS = 3;
/** Frames are reduced to about this many pixels a side. */
const SIDE = 24;

/** Numbers from -1 to 1 that are the same in every run. @param {number} seed */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  };
}

const draw = generator(1);
const filters = Float32Array.from({ length: FILTERS * WIDTH * WIDTH * 3 }, draw);

/**
 * How strongly each filter answers in each cell of a frame.
 * @param {Uint8Array} rgb
 * @param {number} size
 * @returns {Float32Array} [cells, cells, filters]
 */
export function frameFeatures(rgb, size) {
  const shrink = Math.max(1, Math.floor(size / SIDE));
  const side = Math.floor(size / shrink);
  const small = new Float32Array(side * side * 3);
  for (let row = 0; row < side * shrink; row++) {
    for (let column = 0; column < side * shrink; column++) {
      for (let channel = 0; channel < 3; channel++) {
        const place = (Math.floor(row / shrink) * side + Math.floor(column / shrink)) * 3 + channel;
        const value = ((rgb[(row * size + column) * 3 + channel] ?? 0) - 127.5) / 64;
        small[place] = (small[place] ?? 0) + value / shrink ** 2;
      }
    }
  }
  const steps = Math.floor((side - WIDTH) / STRIDE) + 1;
  const cell = (/** @type {number} */ step) => Math.floor((step * CELLS) / steps);
  const features = new Float32Array(CELLS * CELLS * FILTERS);
  for (let down = 0; down < steps; down++) {
    for (let right = 0; right < steps; right++) {
      const start = (cell(down) * CELLS + cell(right)) * FILTERS;
      for (let filter = 0; filter < FILTERS; filter++) {
        let sum = 0;
        let weight = filter * WIDTH * WIDTH * 3;
        for (let y = 0; y < WIDTH; y++) {
          const from = ((down * STRIDE + y) * side + right * STRIDE) * 3;
          for (let x = 0; x < WIDTH * 3; x++) sum += (small[from + x] ?? 0) * (filters[weight++] ?? 0);
        }
        if (sum > 0) features[start + filter] = (features[start + filter] ?? 0) + sum;
      }
    }
  }
  return features;
}

/**
 * Mean, deviation and maximum of each feature over the frames: the same whatever their order.
 * @param {readonly Float32Array[]} frames
 */
export function poolFrames(frames) {
  const length = frames[0]?.length ?? 0;
  const pooled = new Float32Array(3 * length);
  for (let feature = 0; feature < length; feature++) {
    // in the order of size, so that not even rounding knows which came first
    const values = frames.map((frame) => frame[feature] ?? 0).sort((a, b) => a - b);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    pooled[feature] = mean;
    pooled[length + feature] = Math.sqrt(square);
    pooled[2 * length + feature] = values.at(-1) ?? 0;
  }
  return pooled;
}

/**
 * Trains a linear head by logistic regression on features brought to mean 0 and deviation 1.
 *
 * @param {readonly Float32Array[]} inputs
 * @param {readonly number[]} labels class numbers
 * @param {number} classes
 * @param {number} epochs
 * @returns {(input: Float32Array) => Float32Array} logits
 */
export function trainLinearHead(inputs, labels, classes, epochs) {
  const width = inputs[0]?.length ?? 0;
  const [mean, scale] = [new Float64Array(width), new Float64Array(width)];
  for (const input of inputs)
    for (let at = 0; at < width; at++) mean[at] = (mean[at] ?? 0) + (input[at] ?? 0) / inputs.length;
  for (const input of inputs) {
    for (let at = 0; at < width; at++)
      scale[at] = (scale[at] ?? 0) + ((input[at] ?? 0) - (mean[at] ?? 0)) ** 2 / inputs.length;
  }
  const norm = Float64Array.from(scale, (square) => 1 / Math.sqrt((square + 1e-6) * width));
  const ready = (/** @type {Float32Array} */ input) =>
    input.map((value, at) => (value - (mean[at] ?? 0)) * (norm[at] ?? 0));
  const rows = inputs.map(ready);
  const weights = new Float32Array(classes * (width + 1));
  const logitsOf = (/** @type {Float32Array} */ row) =>
    Float32Array.from({ length: classes }, (_, one) => {
      let sum = weights[one * (width + 1) + width] ?? 0;
      for (let at = 0; at < width; at++) sum += (weights[one * (width + 1) + at] ?? 0) * (row[at] ?? 0);
      return sum;
    });
  const random = generator(2);
  const order = rows.map((_, place) => place);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let last = order.length - 1; last > 0; last--) {
      const other = Math.floor(((random() + 1) / 2) * (last + 1));
      [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
    }
    const rate = 2 * (1 - epoch / epochs);
    for (const place of order) {
      const row = rows[place] ?? new Float32Array();
      const probabilities = softmax(logitsOf(row));
      for (let one = 0; one < classes; one++) {
        const slope = rate * ((probabilities[one] ?? 0) - (labels[place] === one ? 1 : 0));
        const start = one * (width + 1);
        for (let at = 0; at < width; at++)
          weights[start + at] = (weights[start + at] ?? 0) * (1 - 1e-5) - slope * (row[at] ?? 0);
        weights[start + width] = (weights[start + width] ?? 0) - 0.1 * slope;
      }
    }
  }
  return (input) => logitsOf(ready(input));
}

/** @param {Float32Array} logits */
function softmax(logits) {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * Shares of videos that are right: among all classes, and among the two of a pair for videos whose class has a partner.
 *
 * @param {readonly ArrayLike<number>[]} scores of each class, for each video
 * @param {readonly number[]} labels
 * @param {readonly (number | null)[]} partners number of the partner of each class
 */
export function accuracies(scores, labels, partners) {
  const best = scores.map((row) => Array.from(row).indexOf(Math.max(...Array.from(row))));
  const right = best.filter((one, place) => one === labels[place]).length;
  let [paired, rightInPair] = [0, 0];
  for (const [place, label] of labels.entries()) {
    const partner = partners[label] ?? null;
    if (partner === null) continue;
    const [own = 0, other = 0] = [scores[place]?.[label], scores[place]?.[partner]];
    paired++;
    rightInPair += own > other ? 1 : own === other ? 0.5 : 0;
  }
  return { top1: right / labels.length, withinPairs: rightInPair / paired };
}
