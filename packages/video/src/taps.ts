/** Interpolation filter: a triangle, or Keys' cubic. */
export type ResizeFilter = 'bilinear' | 'bicubic';

/**
 * The weights of a one-dimensional resize: output i is the sum over j < width of weights[i * width + j] * input[start[i] + j].
 * Every output has the same number of taps (padded with zeros), so that inner loops have no branch.
 */
export interface Taps {
  /** Taps per output. */
  readonly width: number;
  /** First input of each output; start[i] + width never passes `high`. */
  readonly start: Int32Array;
  /** [outputs * width], each row summing to 1. */
  readonly weights: Float64Array;
  /** The inputs that are read at all: low <= input < high. */
  readonly low: number;
  readonly high: number;
}

/** One axis of a resize: the input span [from, to] (fractions allowed) of `size` samples becomes `outputs` samples. */
export interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
  readonly outputs: number;
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));

const cubic =
  (a: number) =>
  (signed: number): number => {
    const x = Math.abs(signed);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  };

/** Pillow's cubic (a = -0.5) when antialiased, PyTorch's and OpenCV's (a = -0.75) when not. */
const PILLOW_CUBIC = cubic(-0.5);
const TORCH_CUBIC = cubic(-0.75);

const MAX_CACHED = 96;
const cache = new Map<string, Taps>();

/**
 * Weights for one axis; tables are kept for reuse (the 96 used last).
 *
 * Only inputs inside the span (rounded outwards) are read: a resize of a box equals cropping first and resizing after.
 * Antialiased: the filter widens with the shrink factor and is cut and renormalised at the border (Pillow).
 * Not antialiased: the filter spans neighbouring inputs, whatever the shrink factor, and the border sample repeats
 * (PyTorch `interpolate` with align_corners=False, OpenCV).
 */
export function resizeTaps(axis: Axis, filter: ResizeFilter, antialias: boolean): Taps {
  const key = `${axis.size},${axis.from},${axis.to},${axis.outputs},${filter},${antialias}`;
  const known = cache.get(key);
  if (known !== undefined) {
    // Re-insertion keeps the map in order of last use.
    cache.delete(key);
    cache.set(key, known);
    return known;
  }
  const taps = antialias ? antialiasedTaps(axis, filter) : pointTaps(axis, filter);
  cache.set(key, taps);
  if (cache.size > MAX_CACHED) {
    for (const oldest of cache.keys()) {
      cache.delete(oldest);
      break;
    }
  }
  return taps;
}

function bounds(axis: Axis): readonly [number, number] {
  const low = Math.min(axis.size - 1, Math.max(0, Math.floor(axis.from)));
  return [low, Math.max(low + 1, Math.min(axis.size, Math.ceil(axis.to)))];
}

/** Pillow's `precompute_coeffs`, operation for operation, so that the fixed-point path can match it bit for bit. */
function antialiasedTaps(axis: Axis, filter: ResizeFilter): Taps {
  const [low, high] = bounds(axis);
  const kernel = filter === 'bilinear' ? triangle : PILLOW_CUBIC;
  const scale = (axis.to - axis.from) / axis.outputs;
  const filterScale = Math.max(scale, 1);
  const support = (filter === 'bilinear' ? 1 : 2) * filterScale;
  const inverse = 1 / filterScale;
  const rows: TapRow[] = [];
  for (let i = 0; i < axis.outputs; i++) {
    // Coordinates are relative to the crop, as they would be in a picture cropped before.
    const center = axis.from - low + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const last = Math.min(high - low, Math.trunc(center + support + 0.5));
    const weights: number[] = [];
    let sum = 0;
    for (let x = first; x < last; x++) {
      const weight = kernel((x - center + 0.5) * inverse);
      weights.push(weight);
      sum += weight;
    }
    const normaliser = 1 / sum;
    rows.push({ start: low + first, weights: weights.map((weight) => weight * normaliser) });
  }
  return pack(rows, low, high);
}

function pointTaps(axis: Axis, filter: ResizeFilter): Taps {
  const [low, high] = bounds(axis);
  const kernel = filter === 'bilinear' ? triangle : TORCH_CUBIC;
  const reach = filter === 'bilinear' ? 1 : 2;
  const scale = (axis.to - axis.from) / axis.outputs;
  const rows: TapRow[] = [];
  for (let i = 0; i < axis.outputs; i++) {
    const position = axis.from + (i + 0.5) * scale - 0.5;
    const floor = Math.floor(position);
    const clamp = (x: number) => Math.min(high - 1, Math.max(low, x));
    const start = clamp(floor - reach + 1);
    const weights = new Array<number>(clamp(floor + reach) - start + 1).fill(0);
    for (let x = floor - reach + 1; x <= floor + reach; x++) {
      const at = clamp(x) - start;
      weights[at] = (weights[at] ?? 0) + kernel(x - position);
    }
    rows.push({ start, weights });
  }
  return pack(rows, low, high);
}

interface TapRow {
  readonly start: number;
  readonly weights: readonly number[];
}

/** Drops zero weights at both ends, then pads every output to the widest one. */
function pack(rows: readonly TapRow[], low: number, high: number): Taps {
  const trimmed = rows.map(({ start, weights }) => {
    let from = 0;
    let to = weights.length;
    while (from < to - 1 && weights[from] === 0) from++;
    while (to > from + 1 && weights[to - 1] === 0) to--;
    return { start: start + from, weights: weights.slice(from, to) };
  });
  const width = trimmed.reduce((widest, row) => Math.max(widest, row.weights.length), 1);
  const start = new Int32Array(rows.length);
  const weights = new Float64Array(rows.length * width);
  let first = high;
  let last = low;
  trimmed.forEach((row, i) => {
    const from = Math.min(row.start, high - width);
    start[i] = from;
    weights.set(row.weights, i * width + row.start - from);
    first = Math.min(first, from);
    last = Math.max(last, from + width);
  });
  return { width, start, weights, low: first, high: last };
}
