import type { Tensor } from './tensor.ts';

/** Anything a scope may return: tensors anywhere inside arrays and plain objects stay alive. */
export type TensorContainer = unknown;

const scopes: Set<Tensor>[] = [];

/** Called by every new tensor: the innermost scope owns it. */
export function registerInScope(tensor: Tensor): void {
  scopes.at(-1)?.add(tensor);
}

/**
 * Runs `f` and disposes every tensor made inside it, except those it returns (they pass to the enclosing scope) and those
 * given to `keep`. Synchronous only: an async function would outlive its scope, so a returned promise throws.
 */
export function scope<T extends TensorContainer>(f: () => T): T {
  const own = new Set<Tensor>();
  scopes.push(own);
  let result: T;
  try {
    result = f();
    if (result instanceof Promise)
      throw new Error('scope() needs a synchronous function; read tensors after it returns');
  } catch (error) {
    scopes.pop();
    for (const tensor of own) tensor.dispose();
    throw error;
  }
  scopes.pop();
  const outer = scopes.at(-1);
  for (const tensor of tensorsIn(result)) {
    if (own.delete(tensor)) outer?.add(tensor);
  }
  for (const tensor of own) tensor.dispose();
  return result;
}

/** Takes a tensor out of every scope: it lives until `dispose()`. Returns it. */
export function keep<T extends Tensor>(tensor: T): T {
  for (const scope of scopes) scope.delete(tensor);
  return tensor;
}

/** Puts a tensor that no scope owns into the innermost one, where there is one. Returns it. */
export function adopt<T extends Tensor>(tensor: T): T {
  registerInScope(tensor);
  return tensor;
}

/** Disposes every tensor found in a container (arrays, maps, plain objects). */
export function dispose(container: TensorContainer): void {
  for (const tensor of tensorsIn(container)) tensor.dispose();
}

function* tensorsIn(container: TensorContainer): Generator<Tensor> {
  if (typeof container !== 'object' || container === null) return;
  if (isTensor(container)) {
    yield container;
    return;
  }
  const isPlain = Object.getPrototypeOf(container) === Object.prototype || Object.getPrototypeOf(container) === null;
  const children =
    Array.isArray(container) || container instanceof Map ? container.values() : isPlain ? Object.values(container) : [];
  for (const child of children) yield* tensorsIn(child);
}

function isTensor(value: object): value is Tensor {
  return 'dispose' in value && 'handle' in Object.getPrototypeOf(value) && 'alias' in value;
}
