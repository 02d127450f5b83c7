import { fullLike } from './operations/create.ts';
import { adopt, dispose, keep, scope } from './scope.ts';
import { show } from './shapes.ts';
import { activeObservers, observersOf, Tape, withObservers, type Observer, type Recording } from './tape.ts';
import { Tensor } from './tensor.ts';

/** A mutable cell that holds a tensor, such as a Parameter of @umt/nn. */
export interface Variable {
  readonly value: Tensor;
}

/** What gradients are taken with respect to: tensors (inputs) or variables (parameters). */
export type GradientSource = Tensor | Variable;

/** How `valueAndGrad` hands out gradients. */
export interface ValueAndGradOptions<S extends GradientSource> {
  /**
   * Called once per source, as soon as its gradient is final, while the backward pass goes on: accumulation and all-reduce
   * hang here. The callee owns the gradient, and the result then holds no gradients.
   */
  readonly onGradient?: (source: S, gradient: Tensor, index: number) => void;
}

/** What `valueAndGrad` differentiates: a scalar loss, or an object that holds one beside whatever else is wanted. */
export type Differentiable = Tensor | { readonly loss: Tensor };

/**
 * Runs `f` and the gradient of its scalar loss with respect to every source, in one pass back that frees each activation
 * and gradient as soon as it is spent. A source the loss does not depend on gets zeros.
 * @returns what `f` returned, and a gradient per source in the shape of the source (none with `onGradient`).
 */
export function valueAndGrad<T extends Differentiable, S extends GradientSource>(
  f: () => T,
  sources: readonly S[],
  options: ValueAndGradOptions<S> = {},
): { readonly value: T; readonly gradients: readonly Tensor[] } {
  const gradients: Tensor[] = [];
  const handOver = (gradient: Tensor, index: number) => {
    const source = sources[index];
    if (options.onGradient && source) options.onGradient(source, gradient, index);
    else gradients[index] = gradient;
  };
  const value = differentiate(f, sources.map(tensorOf), lossSeeds, handOver);
  return { value, gradients: gradients.map(adopt) };
}

/**
 * The vector-Jacobian product of any function: runs `f`, whose results are the roots, and pulls `seeds` (one per root, in
 * its shape) back to every source.
 */
export function vjp<S extends GradientSource>(
  f: () => readonly Tensor[],
  sources: readonly S[],
  seeds: readonly Tensor[],
): { readonly values: readonly Tensor[]; readonly gradients: readonly Tensor[] } {
  const gradients: Tensor[] = [];
  const values = differentiate(
    f,
    sources.map(tensorOf),
    (roots) => ({ roots, seeds }),
    (gradient, index) => {
      gradients[index] = gradient;
    },
  );
  return { values, gradients: gradients.map(adopt) };
}

/** One operation with a gradient of its own. */
export interface CustomGradient {
  readonly output: Tensor;
  /** Tensors that `backward` reads. */
  readonly saved?: readonly Tensor[];
  /** Gradients with respect to each input, from the output's; null where there is none. */
  readonly backward: (outputGradient: Tensor, saved: readonly Tensor[]) => readonly (Tensor | null)[];
}

/** Runs `forward` as one operation: what happens inside is not recorded, and its own `backward` is used. */
export function customGradient(
  inputs: readonly Tensor[],
  forward: (...inputs: readonly Tensor[]) => CustomGradient,
): Tensor {
  return scope(() => {
    const { output, saved = [], backward } = withObservers([], () => forward(...inputs));
    const recording: Recording = {
      inputs,
      outputs: [output],
      saved,
      backward: (savedTensors, [gradient]) =>
        gradient
          ? backward(
              gradient,
              savedTensors.filter((tensor) => tensor !== null),
            )
          : [],
    };
    for (const observer of observersOf(inputs)) observer.record(recording);
    return output;
  });
}

/**
 * Activation checkpointing: runs `f` without saving its activations and runs it again when the gradient is needed.
 * `f` must be a pure function of its inputs and of parameters; the gradients of both are found by themselves.
 */
export function checkpoint(f: (...inputs: readonly Tensor[]) => Tensor, ...inputs: readonly Tensor[]): Tensor {
  const observers = activeObservers();
  const [observer] = observers;
  if (!observer) return f(...inputs);
  if (observers.length > 1) return f(...inputs); // nested gradients differentiate through the recorded operations
  const probe = new DependencyProbe(observer);
  const output = withObservers([probe], () => scope(() => f(...inputs)));
  const dependencies = [...probe.dependencies.values()];
  observer.record({
    inputs: dependencies,
    outputs: [output],
    saved: [...inputs, ...dependencies],
    backward: (saved, [gradient]) => {
      if (!gradient) return [];
      const present = saved.filter((tensor) => tensor !== null);
      const sources = present.slice(inputs.length);
      const { values, gradients } = vjp(() => [f(...present.slice(0, inputs.length))], sources, [gradient]);
      dispose(values);
      return gradients;
    },
  });
  dispose(dependencies);
  return output;
}

/** The same value as a constant: no gradient flows through it. */
export function stopGradient(x: Tensor): Tensor {
  return withObservers([], () => Tensor.fromHandle(x.engine, reshapeHandle(x)));
}

function reshapeHandle(x: Tensor) {
  const [handle] = x.engine.run('reshape', [x.handle], { shape: x.shape });
  if (!handle) throw new Error('reshape: the engine returned no output');
  return handle;
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
      if (input && this.tracks(input) && !this.dependencies.has(input.id))
        this.dependencies.set(input.id, input.alias());
    }
  }
}

function differentiate<T>(
  f: () => T,
  sources: readonly Tensor[],
  seedsOf: (value: T) => { readonly roots: readonly Tensor[]; readonly seeds: readonly Tensor[] },
  handOver: (gradient: Tensor, index: number) => void,
): T {
  const outer = activeObservers();
  const tape = new Tape(sources);
  let value: T;
  try {
    value = withObservers([...outer, tape], () => scope(f));
  } catch (error) {
    tape.clear();
    throw error;
  }
  try {
    scope(() => {
      const { roots, seeds } = seedsOf(value);
      const sourceIds = sources.map((source) => source.id);
      tape.walkBack(roots, seeds, sourceIds, (index, gradient) => {
        const source = sources[index];
        if (source) handOver(gradient ?? keep(fullLike(source, 0)), index);
      });
    });
  } catch (error) {
    dispose(value);
    throw error;
  }
  return value;
}

function lossSeeds(value: Differentiable): { readonly roots: readonly Tensor[]; readonly seeds: readonly Tensor[] } {
  const loss = value instanceof Tensor ? value : value.loss;
  if (loss.size !== 1)
    throw new Error(`valueAndGrad: the loss must be a scalar, got ${show(loss.shape)}; reduce it with mean() or sum()`);
  return { roots: [loss], seeds: [fullLike(loss, 1)] };
}

function tensorOf(source: GradientSource): Tensor {
  return source instanceof Tensor ? source : source.value;
}
