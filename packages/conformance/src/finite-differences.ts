import { dispose, scope, sizeOf, vjp, type Shape, type Tensor } from '@umt/tensor';
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
  const indices = wanted.filter((index) => inputs[index]?.dtype === 'float32');
  const sources = indices.flatMap((index) => inputs[index] ?? []);
  const roots = rootsOf(f, inputs);
  const engine = sources[0]?.engine ?? inputs[0]?.engine;
  if (!engine) throw new Error('gradientDeviation: needs at least one input');
  const weights = roots.map((root, index) => randomNumbers(root.shape, { seed: index, low: -1, high: 1 }));
  const seeds = roots.map((root, index) => fromFloat64(engine, weights[index] ?? new Float64Array(), root.shape));
  dispose(roots);

  const { values, gradients } = vjp(() => rootsOf(f, inputs), sources, seeds);
  const found = gradients.map(readFloat64);
  dispose([values, gradients, seeds]);

  const weighed = (changed: readonly Tensor[]) => {
    const outputs = rootsOf(f, changed);
    const total = outputs.reduce((sum, output, index) => sum + dot(readFloat64(output), weights[index]), 0);
    dispose(outputs);
    return total;
  };
  const deviations = indices.map((input, index) => {
    const expected = differences(weighed, inputs, input);
    return Math.max(0, ...expected.map((value, at) => Math.abs(value - (found[index]?.[at] ?? NaN)) / scaleOf(value)));
  });
  return Math.max(0, ...deviations);
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
  const result = scope(() => f(...inputs));
  return 'shape' in result ? [result] : result;
}

function dot(a: Float64Array, b: Float64Array | undefined): number {
  return a.reduce((sum, value, index) => sum + value * (b?.[index] ?? NaN), 0);
}

function scaleOf(value: number): number {
  return Math.max(1, Math.abs(value));
}
