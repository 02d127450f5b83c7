import { engineOf } from './ambient.ts';
import type { DType, Shape } from './dtype.ts';
import { gradientRules } from './gradient-rules.ts';
import type { PrimitiveAttributes, PrimitiveName } from './primitives.ts';
import { observersOf } from './tape.ts';
import { Tensor } from './tensor.ts';

/** How the gradient of a primitive is found from what was saved. */
export interface GradientRule<P extends PrimitiveName> {
  /** Indices of the inputs that backward reads. */
  readonly savesInputs?: readonly number[];
  /** Whether backward reads the output; it is saved after the inputs. */
  readonly savesOutput?: boolean;
  readonly backward: (context: GradientContext<P>) => readonly (Tensor | null)[];
}

/** What a gradient rule sees. */
export interface GradientContext<P extends PrimitiveName> {
  /** The saved tensors, in the order of the rule. */
  readonly saved: readonly Tensor[];
  /** The gradient of the output. */
  readonly gradient: Tensor;
  readonly attributes: PrimitiveAttributes[P];
  readonly inputShapes: readonly Shape[];
  readonly inputDTypes: readonly DType[];
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
  if (rule) record(rule, inputs, outputs, attributes);
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
  rule: GradientRule<P>,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  attributes: PrimitiveAttributes[P],
): void {
  const observers = observersOf(inputs);
  if (observers.length === 0) return;
  const inputShapes = inputs.map((input) => input.shape);
  const inputDTypes = inputs.map((input) => input.dtype);
  const saved = (rule.savesInputs ?? []).map((index) => inputs[index] ?? null);
  const recording = {
    inputs,
    outputs,
    saved: rule.savesOutput ? [...saved, ...outputs.slice(0, 1)] : saved,
    backward: (
      savedTensors: readonly (Tensor | null)[],
      gradients: readonly (Tensor | null)[],
      needs: readonly boolean[],
    ) => {
      const gradient = gradients[0];
      if (!gradient) return [];
      const present = savedTensors.filter((tensor) => tensor !== null);
      return rule.backward({ saved: present, gradient, attributes, inputShapes, inputDTypes, needs });
    },
  };
  for (const observer of observers) observer.record(recording);
}
