import { random, type RandomStream } from '@umt/random';
import { cast, scope, sizeOf, tensorLike, type Shape } from '@umt/tensor';
import type { Module } from './module.ts';
import type { Parameter } from './parameter.ts';

/** The initial elements of a parameter, row-major, in its shape. */
export type Initializer = (shape: Shape, stream: RandomStream) => Float32Array;

/** Every element the same. */
export function constant(value: number): Initializer {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/** Uniform within sqrt(6 / (in + out)) of 0, for a weight [out, in] (Glorot and Bengio). All Linears of UMT pre-training. */
export const xavierUniform: Initializer = (shape, stream) => {
  const [outputs = 1, inputs = 1] = shape;
  if (shape.length !== 2) throw new RangeError(`xavierUniform: expected a weight [out, in], got [${shape.join(', ')}]`);
  return uniformWithin(Math.sqrt(6 / (inputs + outputs)))(shape, stream);
};

/**
 * PyTorch's default for the weight and the bias of a convolution or Linear: uniform within 1 / sqrt(fanIn) of 0.
 *
 * @param fanIn elements of the weight per output: inputs, for a convolution times the kernel's volume
 */
export function torchDefault(fanIn: number): Initializer {
  return uniformWithin(1 / Math.sqrt(fanIn));
}

/**
 * Normal around 0, restricted to [-cut, cut]. The cut is an absolute value: UMT's pre-training files cut std 0.02 at 0.02
 * (position tables, mask tokens), its fine-tuning file cuts std 0.02 at 2.
 */
export function truncatedNormal(std: number, cut: number): Initializer {
  return (shape, stream) => stream.fillTruncatedNormal(new Float32Array(sizeOf(shape)), { std, low: -cut, high: cut });
}

/** Normal around 0. */
export function normal(std: number): Initializer {
  return (shape, stream) => stream.fillNormal(new Float32Array(sizeOf(shape)), 0, std);
}

/**
 * Gives parameters their initial values. Each is drawn from a stream of its own, keyed by the seed and its name: adding a
 * layer changes no other layer's values.
 *
 * @param choose the initializer of a parameter, from its full name; null leaves it as it is
 */
export function initialize(
  module: Module,
  seed: number,
  choose: (name: string, parameter: Parameter) => Initializer | null,
): void {
  for (const [name, parameter] of module.parameters()) {
    const initializer = choose(name, parameter);
    if (!initializer) continue;
    const { shape, value } = parameter;
    const data = initializer(shape, random({ seed, stream: `initial ${name}` }));
    parameter.assign(scope(() => cast(tensorLike(value, data, shape, 'float32'), value.dtype)));
  }
}

function uniformWithin(bound: number): Initializer {
  return (shape, stream) => stream.fillUniform(new Float32Array(sizeOf(shape)), -bound, bound);
}
