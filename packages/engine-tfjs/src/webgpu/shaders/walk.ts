/** How several flat arrays are walked together: per axis a length, and per array a step. */
export interface Walk {
  readonly lengths: readonly number[];
  /** strides[k][i]: elements of array k from one position of axis i to the next. */
  readonly strides: readonly (readonly number[])[];
}

/**
 * The same walk with as few axes as possible: axes of length 1 go, neighbours that all arrays cross alike become one.
 * What is left of a transpose or broadcast is rarely more than three.
 */
export function collapse({ lengths, strides }: Walk): Walk {
  const kept: { length: number; steps: number[] }[] = [];
  for (const [axis, length] of lengths.entries()) {
    if (length === 1) continue;
    const steps = strides.map((own) => own[axis] ?? 0);
    const last = kept.at(-1);
    if (last?.steps.every((step, k) => step === (steps[k] ?? 0) * length)) {
      last.length *= length;
      last.steps = steps;
    } else kept.push({ length, steps });
  }
  return {
    lengths: kept.map(({ length }) => length),
    strides: strides.map((_, k) => kept.map(({ steps }) => steps[k] ?? 0)),
  };
}

/** Row-major strides. */
export function rowMajor(shape: readonly number[]): number[] {
  let step = 1;
  return shape
    .toReversed()
    .map((length) => {
      const own = step;
      step *= length;
      return own;
    })
    .toReversed();
}

/** Strides that read `shape` as if it were broadcast to `wide`. */
export function broadcastStrides(shape: readonly number[], wide: readonly number[]): number[] {
  const own = rowMajor(shape);
  const added = wide.length - shape.length;
  return wide.map((_, axis) => (axis < added || shape[axis - added] === 1 ? 0 : (own[axis - added] ?? 0)));
}
