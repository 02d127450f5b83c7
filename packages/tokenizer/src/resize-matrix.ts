/** One-dimensional resizing as a constant matrix: output = rows * input. */
export interface ResizeMatrix {
  readonly inputs: number;
  readonly outputs: number;
  /** [outputs, inputs], row-major; every row sums to 1. */
  readonly rows: Float64Array;
}

// PyTorch's and OpenCV's bicubic; many others (Pillow, browsers' canvases) use -0.5.
const A = -0.75;

/**
 * PyTorch's `interpolate(mode='bicubic', align_corners=False, antialias=False)` along one axis: half-pixel centres, four
 * taps of the cubic convolution kernel with A = -0.75, indices clamped to the border. Where sizes are equal it is the identity.
 */
export function bicubicMatrix(inputs: number, outputs: number): ResizeMatrix {
  return matrix(inputs, outputs, (centre, add) => {
    const base = Math.floor(centre);
    for (let tap = base - 1; tap <= base + 2; tap++) add(tap, cubic(Math.abs(centre - tap)));
  });
}

/**
 * PyTorch's `interpolate(mode='linear', align_corners=False, antialias=False)` along one axis: half-pixel centres, source
 * coordinates below 0 become 0, the last index is repeated.
 */
export function linearMatrix(inputs: number, outputs: number): ResizeMatrix {
  return matrix(inputs, outputs, (centre, add) => {
    const position = Math.max(0, centre);
    const base = Math.floor(position);
    add(base, 1 - (position - base));
    add(base + 1, position - base);
  });
}

function matrix(
  inputs: number,
  outputs: number,
  taps: (centre: number, add: (input: number, weight: number) => void) => void,
): ResizeMatrix {
  const rows = new Float64Array(outputs * inputs);
  for (let output = 0; output < outputs; output++) {
    taps((output + 0.5) * (inputs / outputs) - 0.5, (input, weight) => {
      const index = output * inputs + Math.min(Math.max(input, 0), inputs - 1);
      rows[index] = (rows[index] ?? 0) + weight;
    });
  }
  return { inputs, outputs, rows };
}

function cubic(distance: number): number {
  const x = distance;
  if (x <= 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return x < 2 ? ((A * x - 5 * A) * x + 8 * A) * x - 4 * A : 0;
}
