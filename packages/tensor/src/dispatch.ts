import { engineOf } from './ambient.ts';
import type { DType, Shape } from './dtype.ts';
import { gradientRules } from './gradient-rules/index.ts';
import type { PrimitiveAttributes, PrimitiveName } from './primitives.ts';
import { isDifferentiable, observersOf } from './tape.ts';
import { Tensor } from './tensor.ts';

/** How the gradient of a primitive is found from what was saved. */
export interface GradientRule<P extends PrimitiveName> {
  /** reads[i]: indices of the inputs that the gradient of input i reads. Only those are saved, and only where it is needed. */
  readonly reads?: readonly (readonly number[])[];
  /** Whether backward reads the output. */
  readonly readsOutput?: boolean;
  /** Gradients per input; an entry whose `needs` is false may be null. */
  readonly backward: (context: GradientContext<P>) => readonly (Tensor | null)[];
}

/** What a gradient rule sees. */
export interface GradientContext<P extends PrimitiveName> {
  /** The gradient of the output. */
  readonly gradient: Tensor;
  /** An input that the rule said it reads. */
  readonly input: (index: number) => Tensor;
  /** The output, for a rule that said it reads it. */
  readonly output: () => Tensor;
  readonly shape: (index: number) => Shape;
  readonly dtype: (index: number) => DType;
  readonly attributes: PrimitiveAttributes[P];
  readonly needs: readonly boolean[];
}

/** Runs a primitive on the engine of its inputs and shows it to the active tapes. Inputs must already be valid. */
export function run<P extends PrimitiveName>(
  primitive: P,
  inputs: readonly Tensor[],
  attributes: PrimitiveAttributes[P],
): readonly Tensor[] {
  const engine = engineOf(primitive, inputs);
  const handles = engine.run(
    primitive,
    inputs.map((input) => input.handle),
    attributes,
  );
  const outputs = handles.map((handle) => Tensor.fromHandle(engine, handle));
  const rule = gradientRules[primitive] as GradientRule<P> | undefined;
  if (rule && outputs.every(isDifferentiable)) record(primitive, rule, inputs, outputs, attributes);
  return outputs;
}

/** `run` for the primitives with one output. */
export function runOne<P extends PrimitiveName>(
  primitive: P,
  inputs: readonly Tensor[],
  attributes: PrimitiveAttributes[P],
): Tensor {
  const [output] = run(primitive, inputs, attributes);
  if (!output) throw new Error(`${primitive}: the engine returned no output`);
  return output;
}

function record<P extends PrimitiveName>(
  primitive: P,
  rule: GradientRule<P>,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  attributes: PrimitiveAttributes[P],
): void {
  const observers = observersOf(inputs);
  if (observers.length === 0) return;
  const shapes = inputs.map((input) => input.shape);
  const dtypes = inputs.map((input) => input.dtype);
  const recording = {
    inputs,
    outputs,
    // the inputs in their own places, then the output
    saved: (needs: readonly boolean[]) => {
      const read = new Set(needs.flatMap((isNeeded, index) => (isNeeded ? (rule.reads?.[index] ?? []) : [])));
      return [
        ...inputs.map((input, index) => (read.has(index) ? input : null)),
        rule.readsOutput ? (outputs[0] ?? null) : null,
      ];
    },
    backward: (
      saved: readonly (Tensor | null)[],
      [gradient]: readonly (Tensor | null)[],
      needs: readonly boolean[],
    ): readonly (Tensor | null)[] => {
      if (!gradient) return [];
      const input = (index: number) => existing(primitive, saved[index]);
      return rule.backward({
        gradient,
        input,
        output: () => input(inputs.length),
        shape: (index) => existing(primitive, shapes[index]),
        dtype: (index) => existing(primitive, dtypes[index]),
        attributes,
        needs,
      });
    },
  };
  for (const observer of observers) observer.record(recording);
}

function existing<T>(primitive: PrimitiveName, value: T | null | undefined): T {
  if (value === null || value === undefined)
    throw new Error(`${primitive}: its gradient rule reads what it did not save`);
  return value;
}
