import { scope, sizeOf, vjp, type Shape, type Tensor } from '@umt/tensor';
import { random } from '@umt/random';
import { fromFloat64, readFloat64 } from './reference-engine.ts';

/** A function whose gradients are checked: its results are the roots. */
export type Checked = (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[];

/** Half the distance between the two points of a central difference. */
const STEP = 1e-5;

/**
 * The largest difference between the gradients of `f` and central finite differences in float64, relative where a gradient
 * is larger than 1. Roots are weighed with random numbers. The inputs are on a reference engine; those that are not
 * float32, and those `wanted` leaves out, are held fixed. Expect less than 1e-8 for a smooth function of moderate size.
 */
export function gradientDeviation(
  f: Checked,
  inputs: readonly Tensor[],
  wanted: readonly number[] = inputs.map((_, index) => index),
): number {
  return scope(() => {
    const indices = wanted.filter((index) => inputs[index]?.dtype === 'float32');
    const sources = indices.flatMap((index) => inputs[index] ?? []);
    const shapes = rootsOf(f, inputs).map((root) => root.shape);
    const weights = shapes.map((shape, index) => randomNumbers(shape, { seed: index, low: -1, high: 1 }));
    const found = analyticGradients(f, inputs, sources, weights, shapes);
    const weighed = (moved: readonly Tensor[]) =>
      scope(() => rootsOf(f, moved).reduce((sum, root, index) => sum + dot(readFloat64(root), weights[index]), 0));
    const deviations = indices.flatMap((input, index) =>
      differences(weighed, inputs, input).map((expected, at) => {
        const value = found[index]?.[at] ?? NaN;
        return Math.abs(value - expected) / Math.max(1, Math.abs(expected));
      }),
    );
    return Math.max(0, ...deviations);
  });
}

function analyticGradients(
  f: Checked,
  inputs: readonly Tensor[],
  sources: readonly Tensor[],
  weights: readonly Float64Array[],
  shapes: readonly Shape[],
): readonly Float64Array[] {
  const [first] = inputs;
  if (!first) throw new Error('gradientDeviation: needs at least one input');
  const seeds = weights.map((weight, index) => fromFloat64(first.engine, weight, shapes[index] ?? []));
  return vjp(() => rootsOf(f, inputs), sources, seeds).gradients.map(readFloat64);
}

/** Central differences of a scalar function by every element of one input. */
function differences(f: (inputs: readonly Tensor[]) => number, inputs: readonly Tensor[], index: number): number[] {
  const input = inputs[index];
  if (!input) throw new Error(`gradientDeviation: there is no input ${index}`);
  const data = readFloat64(input);
  const moved = (at: number, by: number) => {
    const changed = fromFloat64(input.engine, data.with(at, (data[at] ?? NaN) + by), input.shape);
    const value = f(inputs.map((other, position) => (position === index ? changed : other)));
    changed.dispose();
    return value;
  };
  return Array.from(data, (_, at) => (moved(at, STEP) - moved(at, -STEP)) / (2 * STEP));
}

/** Uniform random numbers in float64 for a shape: the same for a seed everywhere. */
export function randomNumbers(
  shape: Shape,
  { seed, low = -2, high = 2 }: { readonly seed: number; readonly low?: number; readonly high?: number },
): Float64Array {
  const stream = random({ seed, stream: 'conformance' });
  return Float64Array.from({ length: sizeOf(shape) }, () => low + (high - low) * stream.uniform());
}

function rootsOf(f: Checked, inputs: readonly Tensor[]): readonly Tensor[] {
  const result = f(...inputs);
  return 'shape' in result ? [result] : result;
}

function dot(a: Float64Array, b: Float64Array | undefined): number {
  return a.reduce((sum, value, index) => sum + value * (b?.[index] ?? NaN), 0);
}
