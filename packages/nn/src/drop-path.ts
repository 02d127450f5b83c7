import { random } from '@umt/random';
import { cast, customGradient, multiply, reshape, slice, type Tensor } from '@umt/tensor';

/**
 * The drop rate of each block: linspace(0, rate, depth), so that the first block is never dropped and the last has the
 * full rate (UMT, as in "Deep networks with stochastic depth", section 3).
 *
 * @throws RangeError unless 0 <= rate < 1
 */
export function dropPathRates(rate: number, depth: number): readonly number[] {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`drop path: the rate must be in [0, 1), got ${rate}`);
  return Array.from({ length: depth }, (_, block) => (depth === 1 ? 0 : (rate * block) / (depth - 1)));
}

/** What decides the draws of one forward pass. */
export interface DropPathDraw {
  readonly seed: number;
  /** Optimizer step. */
  readonly step: number;
  /** Of each sample in the batch, its place in the whole batch of the step, over ranks and accumulated micro-batches. */
  readonly samples: readonly number[];
  /** Of each block, as from `dropPathRates`. */
  readonly rates: readonly number[];
}

/**
 * Keep factors [L, 2, B] (block; attention branch, then MLP branch; sample), row-major: floor(keep + U) / keep with
 * keep = 1 - rate and U uniform in [0, 1), so 0 or 1 / keep. A factor depends on seed, step, the sample's number, block
 * and branch alone: not on the batch size, the number of ranks or the engine.
 */
export function dropPathFactors({ seed, step, samples, rates }: DropPathDraw): Float32Array {
  const batch = samples.length;
  const factors = new Float32Array(rates.length * 2 * batch);
  const uniform = new Float32Array(rates.length * 2);
  for (const [column, sample] of samples.entries()) {
    random({ seed, stream: 'drop-path', step, index: sample }).fillUniform(uniform);
    for (let row = 0; row < uniform.length; row++) {
      const keep = 1 - (rates[row >> 1] ?? 0);
      factors[row * batch + column] = Math.floor(keep + (uniform[row] ?? 0)) / keep;
    }
  }
  return factors;
}

/** The keep factors of one block, [B] for each of its branches. */
export interface BlockKeep {
  readonly attention: Tensor;
  readonly mlp: Tensor;
}

/** The part of factors [L, 2, B] that belongs to one block. */
export function keepOfBlock(factors_L2B: Tensor, block: number): BlockKeep {
  const batch = factors_L2B.shape[2] ?? 0;
  const [attention, mlp] = [0, 1].map((branch) =>
    reshape(slice(factors_L2B, [block, branch, 0], [1, 1, batch]), [batch]),
  ) as [Tensor, Tensor];
  return { attention, mlp };
}

/**
 * Stochastic depth: x [B, N, D] with each sample multiplied by its factor [B]. The factors are constants, so nothing but
 * them is kept for the backward pass.
 */
export function dropPath(x_BND: Tensor, factors_B: Tensor): Tensor {
  return customGradient([x_BND], () => {
    const factors = cast(reshape(factors_B, [factors_B.size, 1, 1]), x_BND.dtype);
    return {
      output: multiply(x_BND, factors),
      saved: [factors],
      backward: (gradient, [saved]) => [saved ? multiply(gradient, saved) : null],
    };
  });
}
