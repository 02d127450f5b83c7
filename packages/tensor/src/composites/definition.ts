import { engineOf } from '../ambient.ts';
import type { Engine, Handle } from '../engine.ts';
import { scope } from '../scope.ts';
import { activeObservers, observersOf, withoutGradients, type Recording } from '../tape.ts';
import { Tensor } from '../tensor.ts';
import type { CompositeAttributes, CompositeKernel, CompositeName } from './contract.ts';

/** A composite in primitives: the truth that every engine's own version must agree with. */
export interface CompositeDefinition<A> {
  /** Indices of the inputs handed to backward, before the extras. */
  readonly savedInputs: readonly number[];
  /** The output, then the extras. */
  readonly forward: (inputs: readonly (Tensor | null)[], attributes: A) => readonly Tensor[];
  /** Gradients per input, from the saved inputs followed by the extras; null where `needs` is false or none exists. */
  readonly backward: (
    saved: readonly (Tensor | null)[],
    gradient: Tensor,
    attributes: A,
    needs: readonly boolean[],
  ) => readonly (Tensor | null)[];
}

/** Runs a composite: the engine's own kernel where it has one, else the definition, recorded as one operation. */
export function runComposite<C extends CompositeName>(
  name: C,
  definition: CompositeDefinition<CompositeAttributes[C]>,
  inputs: readonly (Tensor | null)[],
  attributes: CompositeAttributes[C],
): Tensor {
  const engine = engineOf(name, inputs);
  const observers = observersOf(inputs);
  // Several tapes mean gradients of gradients, which must see the primitives inside.
  if (observers.length > 0 && activeObservers().length > 1) {
    return scope(() => given(name, definition.forward(inputs, attributes), 0));
  }
  const kernel = engine.composites[name] as CompositeKernel<CompositeAttributes[C]> | undefined;
  return scope(() => {
    const outputs = withoutGradients(() => {
      if (!kernel?.forward) return definition.forward(inputs, attributes);
      const handles = kernel.forward(
        inputs.map((input) => input?.handle ?? null),
        attributes,
      );
      return handles.map((handle) => Tensor.fromHandle(engine, handle));
    });
    const output = given(name, outputs, 0);
    const recording: Recording = {
      inputs,
      outputs: [output],
      saved: () => [...definition.savedInputs.map((index) => inputs[index] ?? null), ...outputs.slice(1)],
      backward: (saved, [gradient], needs) => {
        if (!gradient) return [];
        return kernel?.backward
          ? runBackward(engine, kernel.backward, saved, gradient, attributes, needs)
          : definition.backward(saved, gradient, attributes, needs);
      },
    };
    for (const observer of observers) observer.record(recording);
    return output;
  });
}

function runBackward<A>(
  engine: Engine,
  backward: NonNullable<CompositeKernel<A>['backward']>,
  saved: readonly (Tensor | null)[],
  gradient: Tensor,
  attributes: A,
  needs: readonly boolean[],
): readonly (Tensor | null)[] {
  const handles = backward(
    saved.map((tensor) => tensor?.handle ?? null),
    gradient.handle,
    attributes,
    needs,
  );
  return handles.map((handle: Handle | null) => (handle ? Tensor.fromHandle(engine, handle) : null));
}

/** The tensor at an index, which must be there. */
export function given(name: string, tensors: readonly (Tensor | null)[], index: number): Tensor {
  const tensor = tensors[index];
  if (!tensor) throw new Error(`${name}: tensor ${index} is missing`);
  return tensor;
}
