import { random } from '@umt/random';

/** What decides the draws of one forward pass. */
export interface DropoutDraw {
  readonly seed: number;
  /** Optimizer step. */
  readonly step: number;
  /** Of each sample in the batch, its place in the whole batch of the step, over ranks and accumulated micro-batches. */
  readonly samples: readonly number[];
  /** How many numbers of a sample are dropped one by one. */
  readonly width: number;
  /** The probability with which each is dropped. */
  readonly rate: number;
}

/**
 * Dropout as keep factors [B, width], row-major, to be multiplied with: floor(keep + U) / keep with keep = 1 - rate and U
 * uniform in [0, 1), so 0 or 1 / keep. A factor depends on seed, step, the sample's number and the channel alone: not on the
 * batch size, the number of ranks or the engine.
 *
 * @throws RangeError unless 0 <= rate < 1
 */
export function dropoutFactors({ seed, step, samples, width, rate }: DropoutDraw): Float32Array {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: the rate must be in [0, 1), got ${rate}`);
  const keep = 1 - rate;
  const factors = new Float32Array(samples.length * width);
  for (const [row, sample] of samples.entries()) {
    random({ seed, stream: 'dropout', step, index: sample }).fillUniform(
      factors.subarray(row * width, (row + 1) * width),
    );
  }
  return factors.map((uniform) => Math.floor(keep + uniform) / keep);
}
