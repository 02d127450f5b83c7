import { dispose, read, scope, setEngine, vjp, type Engine, type Tensor } from '@umt/tensor';
import { expect } from 'vitest';
import { floats, upload, type HostTensor } from './host-tensor.ts';
import { createReferenceEngine } from './reference-engine.ts';

/** A computation to be compared between engines. It may return null where there is nothing, a gradient that is not needed. */
export type Program = (inputs: readonly Tensor[], engine: Engine) => readonly (Tensor | null)[];

/** Runs a program on an engine and reads its results. Fails when it leaves a tensor alive. */
export async function evaluate(
  engine: Engine,
  inputs: readonly HostTensor[],
  program: Program,
): Promise<readonly (HostTensor | null)[]> {
  setEngine(engine);
  const before = engine.memory().tensors;
  const outputs = scope(() =>
    program(
      inputs.map((input) => upload(engine, input)),
      engine,
    ),
  );
  try {
    return await Promise.all(outputs.map(async (output) => output && (await readBack(output))));
  } finally {
    dispose(outputs);
    expect(engine.memory().tensors, 'tensors alive after a program').toBe(before);
  }
}

async function readBack(tensor: Tensor): Promise<HostTensor> {
  const data = await read(tensor);
  return { shape: tensor.shape, dtype: tensor.dtype, data };
}

/** Runs a program on the reference engine. */
export function evaluateReference(inputs: readonly HostTensor[], program: Program) {
  return evaluate(createReferenceEngine(), inputs, program);
}

/** Fails unless the program gives on `engine` what it gives on the reference engine. */
export async function expectReference(
  engine: Engine,
  inputs: readonly HostTensor[],
  program: Program,
  tolerance: number,
): Promise<void> {
  expectAgreement(await evaluate(engine, inputs, program), await evaluateReference(inputs, program), tolerance);
}

/**
 * Fails unless shapes, dtypes and elements agree. A difference counts relative to the largest of 1, the expected element
 * and the root mean square of its tensor: what rounding in long sums is in proportion to. Tolerance 0 means equal, where
 * 0 and -0 are; NaN agrees with NaN only, and infinities with themselves.
 */
export function expectAgreement(
  found: readonly (HostTensor | null)[],
  expected: readonly (HostTensor | null)[],
  tolerance: number,
): void {
  expect(found.map(kindOf)).toEqual(expected.map(kindOf));
  for (const [index, wanted] of expected.entries()) {
    const other = found[index];
    if (wanted && other) expectElements(other, wanted, tolerance, `output ${index}`);
  }
}

function kindOf(tensor: HostTensor | null): string {
  return tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'null';
}

function expectElements(found: HostTensor, expected: HostTensor, tolerance: number, name: string): void {
  const finite = Array.from(expected.data).filter(Number.isFinite);
  const rms = Math.sqrt(finite.reduce((total, value) => total + value * value, 0) / Math.max(1, finite.length));
  const isOff = (value: number, at: number) => {
    const other = found.data[at] ?? NaN;
    if (other === value || (Number.isNaN(other) && Number.isNaN(value))) return false;
    return !(Math.abs(other - value) <= tolerance * Math.max(1, rms, Math.abs(value)));
  };
  expect(found.data.length, `${name}: number of elements`).toBe(expected.data.length);
  const at = expected.data.findIndex(isOff);
  if (at < 0) return;
  const count = Array.from(expected.data).filter(isOff).length;
  expect.fail(
    `${name} ${kindOf(expected)}: element ${at} is ${found.data[at]}, expected ${expected.data[at]}; ` +
      `${count} of ${expected.data.length} are off by more than ${tolerance}`,
  );
}

/** The results of `f` followed by the gradients of some of its inputs, for random gradients of the results. */
export function withGradients(
  f: (...inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  wanted: readonly number[] = inputs.flatMap((input, index) => (input.dtype === 'float32' ? [index] : [])),
): readonly (Tensor | null)[] {
  const sources = wanted.flatMap((index) => inputs[index] ?? []);
  const shapes = scope(() => f(...inputs).map((output) => output.shape));
  const [first] = inputs;
  if (!first) throw new Error('withGradients: needs at least one input');
  const seeds = shapes.map((shape, index) =>
    upload(first.engine, floats(shape, { seed: 100 + index, low: -1, high: 1 })),
  );
  const { values, gradients } = vjp(() => f(...inputs), sources, seeds);
  return [...values, ...gradients];
}
