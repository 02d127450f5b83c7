import { vjp } from './gradients.ts';
import { dispose, scope } from './scope.ts';
import { activeObservers, withObservers, type Observer, type Recording } from './tape.ts';
import type { Tensor } from './tensor.ts';

/**
 * Activation checkpointing (Chen et al. 2016): runs `f` without saving its activations and runs it again when the gradient
 * is needed. `f` must give the same result both times, from its inputs and from parameters it reads; the gradients of both
 * are found by themselves. Inside nested gradients `f` is recorded as usual, which saves no memory.
 */
export function checkpoint(f: (...inputs: readonly Tensor[]) => Tensor, ...inputs: readonly Tensor[]): Tensor {
  const [observer, ...others] = activeObservers();
  if (!observer || others.length > 0) return f(...inputs);
  const probe = new DependencyProbe(observer);
  try {
    const output = withObservers([probe], () => scope(() => f(...inputs)));
    const dependencies = [...probe.dependencies.values()];
    if (dependencies.length > 0 && !observer.tracks(output)) {
      observer.record(recomputation(f, inputs, dependencies, output));
    }
    return output;
  } finally {
    dispose(probe.dependencies);
  }
}

function recomputation(
  f: (...inputs: readonly Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  dependencies: readonly Tensor[],
  output: Tensor,
): Recording {
  return {
    inputs: dependencies,
    outputs: [output],
    saved: () => [...inputs, ...dependencies],
    backward: (saved, [gradient]) => {
      if (!gradient) return [];
      const present = saved.filter((tensor) => tensor !== null);
      const sources = present.slice(inputs.length);
      return vjp(() => [f(...present.slice(0, inputs.length))], sources, [gradient]).gradients;
    },
  };
}

/** Finds which tracked tensors a function reads directly. */
class DependencyProbe implements Observer {
  readonly dependencies = new Map<number, Tensor>();
  readonly #observer: Observer;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  tracks(tensor: Tensor): boolean {
    return this.#observer.tracks(tensor);
  }

  record({ inputs }: Recording): void {
    for (const input of inputs) {
      if (input && this.tracks(input) && !this.dependencies.has(input.id)) {
        this.dependencies.set(input.id, input.alias());
      }
    }
  }
}
