import { Tensor } from './tensor.ts';

/** Anything a scope may return: tensors anywhere inside arrays, maps, sets and plain objects stay alive. */
export type TensorContainer = unknown;

const scopes: Set<Tensor>[] = [];

/** Called by every new tensor: the innermost scope owns it. */
export function registerInScope(tensor: Tensor): void {
  scopes.at(-1)?.add(tensor);
}

/**
 * Runs `f` and disposes every tensor made inside it, except those it returns (they pass to the enclosing scope) and those
 * given to `keep`. Tensors are found inside returned arrays, maps, sets and plain objects, not inside class instances.
 * When `f` throws, everything made inside it is disposed. Synchronous only: an async function would outlive its scope,
 * so a returned promise throws.
 */
export function scope<T extends TensorContainer>(f: () => T): T {
  const own = new Set<Tensor>();
  scopes.push(own);
  try {
    const result = f();
    if (isPromise(result)) throw new Error('scope() needs a synchronous function; read tensors after it returns');
    const outer = scopes.at(-2);
    for (const tensor of tensorsIn(result)) {
      if (own.delete(tensor)) outer?.add(tensor);
    }
    return result;
  } finally {
    scopes.pop();
    for (const tensor of own) tensor.dispose();
  }
}

/** Runs `f` as if the innermost scope were not open: what a callback makes belongs to the caller's scope, not to ours. */
export function outsideScope<T>(f: () => T): T {
  const inner = scopes.pop();
  try {
    return f();
  } finally {
    if (inner) scopes.push(inner);
  }
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

/** Disposes every tensor found in a container (arrays, maps, sets, plain objects). */
export function dispose(container: TensorContainer): void {
  for (const tensor of tensorsIn(container)) tensor.dispose();
}

function* tensorsIn(container: TensorContainer, seen = new Set<object>()): Generator<Tensor> {
  if (typeof container !== 'object' || container === null || seen.has(container)) return;
  seen.add(container);
  if (container instanceof Tensor) yield container;
  else for (const child of childrenOf(container)) yield* tensorsIn(child, seen);
}

function childrenOf(container: object): Iterable<unknown> {
  if (Array.isArray(container) || container instanceof Map || container instanceof Set) return container.values();
  const prototype: unknown = Object.getPrototypeOf(container);
  return prototype === Object.prototype || prototype === null ? Object.values(container) : [];
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
