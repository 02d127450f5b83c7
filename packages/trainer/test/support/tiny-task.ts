import { Module, Parameter } from '@umt/nn';
import { random } from '@umt/random';
import { gelu, linear, mean, multiply, square, subtract, tensor } from '@umt/tensor';
import type { BatchSource, StepContext, TrainingTask } from '../../src/index.ts';

const IN = 4;
const HIDDEN = 6;

/** Inputs [B, IN] and targets [B]. */
export interface TinyBatch {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly indices: readonly number[];
}

/** A two-layer perceptron. */
export class TinyModel extends Module {
  readonly fc1_weight: Parameter;
  readonly fc1_bias: Parameter;
  readonly fc2_weight: Parameter;

  constructor(seed: number) {
    super();
    const normal = (index: number, shape: readonly number[]) => {
      const values = new Float32Array(shape.reduce((size, length) => size * length, 1));
      return tensor(random({ seed, stream: 'weights', index }).fillNormal(values, 0, 0.5), shape);
    };
    this.fc1_weight = new Parameter(normal(0, [HIDDEN, IN]));
    this.fc1_bias = new Parameter(normal(1, [HIDDEN]));
    this.fc2_weight = new Parameter(normal(2, [1, HIDDEN]));
  }
}

/** How a tiny task deviates from the plain one. */
export interface TinyTaskOptions {
  /** Multiplies the loss of a step: NaN makes it not finite. */
  readonly factor?: (step: number) => number;
  /** Noise on the inputs, drawn from (seed, step, sample index) as real tasks draw their masks. */
  readonly noise?: number;
}

/** A regression task: what the trainer sees of it is what it sees of pre-training. */
export function tinyTask(
  model: TinyModel,
  { factor = () => 1, noise = 0 }: TinyTaskOptions = {},
): TrainingTask<TinyBatch> {
  return {
    parameters: model.parameters(),
    loss({ x, y, indices }, { seed, step }: StepContext) {
      const input = x.slice();
      for (const [row, index] of indices.entries()) {
        const draw = random({ seed, stream: 'noise', step, index });
        for (let i = 0; i < IN; i++) input[row * IN + i] = (input[row * IN + i] ?? 0) + noise * draw.normal();
      }
      const hidden = gelu(linear(tensor(input, [y.length, IN]), model.fc1_weight.value, model.fc1_bias.value));
      const error = subtract(linear(hidden, model.fc2_weight.value), tensor(y, [y.length, 1]));
      const loss = mean(square(error));
      return { loss: multiply(loss, factor(step)), metrics: { bias: mean(error) } };
    },
  };
}

/** Which part of each batch a process of several takes. */
export interface TinyRank {
  readonly rank: number;
  readonly worldSize: number;
}

/**
 * Batches whose content depends on (epoch, number) alone; the order of the samples is that of the epoch.
 * @param batchSize samples in a batch of one rank
 */
export function tinyBatches(
  batchSize: number,
  batchesPerEpoch: number,
  { rank, worldSize }: TinyRank = { rank: 0, worldSize: 1 },
): BatchSource<TinyBatch> {
  return {
    batchSize,
    batchesPerEpoch,
    async *batches(epoch, firstBatch) {
      for (let number = firstBatch; number < batchesPerEpoch; number++) {
        await Promise.resolve();
        yield tinyBatch(epoch, (number * worldSize + rank) * batchSize, batchSize);
      }
    },
  };
}

function tinyBatch(epoch: number, first: number, batchSize: number): TinyBatch {
  const x = new Float32Array(batchSize * IN);
  const y = new Float32Array(batchSize);
  const indices = Array.from({ length: batchSize }, (_, row) => first + row);
  for (const [row, index] of indices.entries()) {
    const draw = random({ seed: 7, stream: 'sample', step: epoch, index });
    let target = 0;
    for (let i = 0; i < IN; i++) {
      const value = draw.normal();
      x[row * IN + i] = value;
      target += value * (i + 1) * 0.3;
    }
    y[row] = Math.tanh(target);
  }
  return { x, y, indices };
}
