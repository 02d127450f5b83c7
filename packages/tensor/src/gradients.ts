import { fullLike } from './operations/create.ts';
import { adopt, keep, outsideScope, scope } from './scope.ts';
import { sameShape, show } from './shapes.ts';
import { activeObservers, isDifferentiable, Tape, withObservers } from './tape.ts';
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
   * hang here. The callee owns the gradient (it is in no scope), and the result then holds no gradients. A source's own
   * tensor is no longer read by then, so an optimizer may update it here.
   */
  readonly onGradient?: (source: S, gradient: Tensor, index: number) => void;
}

/** What `valueAndGrad` differentiates: a scalar loss, or an object that holds one beside whatever else is wanted. */
export type Differentiable = Tensor | { readonly loss: Tensor };

/**
 * Runs `f` and the gradient of its scalar loss with respect to every source, in one pass back that frees each activation
 * and gradient as soon as it is spent. A source the loss does not depend on gets zeros. Calls nest: the gradient of a
 * gradient is a second derivative.
 * @returns what `f` returned, and a gradient per source in the shape of the source (none with `onGradient`).
 * @throws when the loss is not a scalar of a floating type, or a source is not of a floating type.
 */
export function valueAndGrad<T extends Differentiable, S extends GradientSource>(
  f: () => T,
  sources: readonly S[],
  options: ValueAndGradOptions<S> = {},
): { readonly value: T; readonly gradients: readonly Tensor[] } {
  const { onGradient } = options;
  const tensors = tensorsOf('valueAndGrad', sources);
  if (!onGradient) return differentiate(f, tensors, lossSeeds);
  return differentiate(f, tensors, lossSeeds, (gradient, index) => {
    const source = sources[index];
    if (!source) return;
    keep(gradient);
    try {
      outsideScope(() => onGradient(source, gradient, index));
    } catch (error) {
      gradient.dispose();
      throw error;
    }
  });
}

/**
 * The vector-Jacobian product of any function: runs `f`, whose results are the roots, and pulls `seeds` (one per root, in
 * its shape) back to every source.
 * @throws when a seed is missing or not in the shape of its root, or a source is not of a floating type.
 */
export function vjp<S extends GradientSource>(
  f: () => readonly Tensor[],
  sources: readonly S[],
  seeds: readonly Tensor[],
): { readonly values: readonly Tensor[]; readonly gradients: readonly Tensor[] } {
  const { value, gradients } = differentiate(f, tensorsOf('vjp', sources), (roots) => {
    checkSeeds(roots, seeds);
    return { roots, seeds };
  });
  return { values: value, gradients };
}

interface Roots {
  readonly roots: readonly Tensor[];
  readonly seeds: readonly Tensor[];
}

/** Runs `f` on a tape and walks back; gradients go to `handOver` where there is one, else into the result. */
function differentiate<T>(
  f: () => T,
  sources: readonly Tensor[],
  rootsOf: (value: T) => Roots,
  handOver?: (gradient: Tensor, index: number) => void,
): { readonly value: T; readonly gradients: readonly Tensor[] } {
  return scope(() => {
    const tape = new Tape(sources);
    try {
      const value = withObservers([...activeObservers(), tape], () => scope(f));
      const { roots, seeds } = rootsOf(value);
      const gradients: Tensor[] = [];
      const sourceIds = sources.map((source) => source.id);
      tape.walkBack(roots, seeds, sourceIds, (index, found) => {
        const source = sources[index];
        if (!source) return;
        const gradient = found ? adopt(found) : fullLike(source, 0);
        if (handOver) handOver(gradient, index);
        else gradients[index] = gradient;
      });
      return { value, gradients };
    } finally {
      tape.clear();
    }
  });
}

function lossSeeds(value: Differentiable): Roots {
  const loss = value instanceof Tensor ? value : value.loss;
  if (loss.size !== 1 || !isDifferentiable(loss)) {
    throw new Error(
      `valueAndGrad: the loss must be a floating scalar, got ${loss.dtype} ${show(loss.shape)}; reduce it with mean() or sum()`,
    );
  }
  return { roots: [loss], seeds: [fullLike(loss, 1)] };
}

function checkSeeds(roots: readonly Tensor[], seeds: readonly Tensor[]): void {
  if (roots.length !== seeds.length)
    throw new Error(`vjp: ${roots.length} roots need as many seeds, got ${seeds.length}`);
  for (const [index, root] of roots.entries()) {
    const seed = seeds[index];
    if (!seed || seed.dtype !== root.dtype || !sameShape(seed.shape, root.shape)) {
      throw new Error(
        `vjp: root ${index} is ${root.dtype} ${show(root.shape)}, but its seed is ${seed?.dtype} ${show(seed?.shape ?? [])}`,
      );
    }
  }
}

function tensorsOf(operation: string, sources: readonly GradientSource[]): readonly Tensor[] {
  return sources.map((source, index) => {
    const tensor = source instanceof Tensor ? source : source.value;
    if (!isDifferentiable(tensor)) {
      throw new Error(
        `${operation}: source ${index} is ${tensor.dtype} ${show(tensor.shape)}; only floating types have gradients`,
      );
    }
    return tensor;
  });
}
