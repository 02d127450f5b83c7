import type { TokenGrid } from './token-grid.ts';
import { tokenCount } from './token-grid.ts';
import { bicubicMatrix, linearMatrix, type ResizeMatrix } from './resize-matrix.ts';

/**
 * The sinusoid position table [positions, width] of UMT, row-major, over the flattened token index (not by frame, row and
 * column): the angle of position n in channel j is n / 10000^(2 floor(j / 2) / width); even channels hold its sine, odd
 * ones its cosine. In float64, stored as float32.
 */
export function sinusoidTable(positions: number, width: number): Float32Array {
  const frequencies = Array.from({ length: width }, (_, channel) =>
    Math.pow(10000, (2 * Math.floor(channel / 2)) / width),
  );
  const table = new Float32Array(positions * width);
  for (let position = 0; position < positions; position++) {
    for (let channel = 0; channel < width; channel++) {
      const angle = position / (frequencies[channel] ?? 1);
      table[position * width + channel] = channel % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return table;
}

/**
 * Fits a position table to another token grid: every frame's map by bicubic resizing, then each position along time by
 * linear interpolation, as the reference does when a model takes other frames or sizes than it was pre-trained on.
 *
 * @param table [from.frames * from.rows * from.columns, width], row-major
 * @returns [to.frames * to.rows * to.columns, width]
 * @throws RangeError when the table does not have the positions of `from`
 */
export function resizePositionTable(table: Float32Array, width: number, from: TokenGrid, to: TokenGrid): Float32Array {
  if (table.length !== tokenCount(from) * width) {
    throw new RangeError(
      `position table: ${table.length} elements are not ${from.frames}x${from.rows}x${from.columns} positions of width ${width}`,
    );
  }
  const rowsResized = resizeAxis(table, from.frames, from.columns * width, bicubicMatrix(from.rows, to.rows));
  const mapsResized = resizeAxis(rowsResized, from.frames * to.rows, width, bicubicMatrix(from.columns, to.columns));
  return resizeAxis(mapsResized, 1, to.rows * to.columns * width, linearMatrix(from.frames, to.frames));
}

/** Applies a resize matrix to the middle axis: [outer, in, inner] -> [outer, out, inner]. */
function resizeAxis(data: Float32Array, outer: number, inner: number, matrix: ResizeMatrix): Float32Array {
  const { rows, inputs, outputs } = matrix;
  if (inputs === outputs) return data;
  const result = new Float32Array(outer * outputs * inner);
  const sums = new Float64Array(inner);
  for (let block = 0; block < outer; block++) {
    for (let output = 0; output < outputs; output++) {
      sums.fill(0);
      for (let input = 0; input < inputs; input++) {
        const weight = rows[output * inputs + input] ?? 0;
        if (weight === 0) continue;
        const start = (block * inputs + input) * inner;
        for (let i = 0; i < inner; i++) sums[i] = (sums[i] ?? 0) + weight * (data[start + i] ?? 0);
      }
      result.set(sums, (block * outputs + output) * inner);
    }
  }
  return result;
}
