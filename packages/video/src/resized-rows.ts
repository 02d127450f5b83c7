import { sumLines } from './line-sampler.ts';
import type { Taps } from './taps.ts';

/** Line buffers, reused from call to call: the kernel allocates little once warm. Only used inside one call. */
const buffers: Float64Array[] = [];
let taken = 0;

/** Gives all line buffers back; those that were taken before are overwritten from now on. */
export function releaseLines(): void {
  taken = 0;
}

/** A line buffer of at least so many numbers, whatever they are. */
export function takeLine(length: number): Float64Array {
  const number = taken++;
  const known = buffers[number];
  if (known !== undefined && known.length >= length) return known;
  return (buffers[number] = new Float64Array(length));
}

/**
 * The rows of a plane at the new width, of which each row of the result is a weighted sum. A source row is resized once,
 * when a result row wants it, and kept for the next ones.
 */
export class ResizedRows {
  /** The lines that make the present row: as many as asked for, repeated with a weight of 0 where fewer do. */
  readonly lines: Float64Array[];
  readonly weights: Float64Array;
  readonly #vertical: Taps;
  readonly #length: number;
  readonly #resizeRow: (row: number, line: Float64Array) => void;
  readonly #kept: readonly Float64Array[];
  readonly #sum: Float64Array | undefined;
  /** The source row in each of the lines kept; -1 for none. */
  readonly #held: Int32Array;

  /**
   * @param resizeRow writes a source row at the new width
   * @param length numbers in a line
   * @param most lines that the caller adds up itself; where more are needed they are added up here
   */
  constructor(vertical: Taps, length: number, most: number, resizeRow: (row: number, line: Float64Array) => void) {
    this.#vertical = vertical;
    this.#length = length;
    this.#resizeRow = resizeRow;
    this.#kept = Array.from({ length: vertical.width }, () => takeLine(length));
    this.#held = new Int32Array(vertical.width).fill(-1);
    this.#sum = vertical.width > most ? takeLine(length) : undefined;
    const first = this.#sum ?? this.#kept[0] ?? takeLine(length);
    this.lines = Array.from({ length: most }, () => first);
    this.weights = Float64Array.from({ length: most }, (_, j) => (j === 0 ? 1 : 0));
  }

  /** Goes to a row of the result; quick where they come in order. */
  advance(row: number): void {
    const { start, width, weights } = this.#vertical;
    const first = start[row] ?? 0;
    for (let source = first; source < first + width; source++) {
      const slot = source % width;
      if (this.#held[slot] === source) continue;
      this.#resizeRow(source, this.#kept[slot] as Float64Array);
      this.#held[slot] = source;
    }
    if (this.#sum !== undefined) {
      sumLines(this.#kept, first, weights, row * width, this.#length, this.#sum);
      return;
    }
    for (let j = 0; j < this.lines.length; j++) {
      this.lines[j] = this.#kept[(first + Math.min(j, width - 1)) % width] as Float64Array;
      this.weights[j] = j < width ? (weights[row * width + j] ?? 0) : 0;
    }
  }
}
