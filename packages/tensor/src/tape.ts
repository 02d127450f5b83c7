import { add } from './operations/elementwise.ts';
import { keep, scope } from './scope.ts';
import { FLOATS } from './shapes.ts';
import type { Tensor } from './tensor.ts';

/**
 * Gradients of one recorded operation with respect to its inputs. `saved` holds what was saved at recording;
 * an output nobody used has gradient null; entries whose `needs` is false may be null.
 */
export type Backward = (
  saved: readonly (Tensor | null)[],
  outputGradients: readonly (Tensor | null)[],
  needs: readonly boolean[],
) => readonly (Tensor | null)[];

/** What an operation tells the tapes about itself. */
export interface Recording {
  readonly inputs: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
  /** Tensors that backward reads when it must find these inputs' gradients; each tape keeps its own alias of them. */
  readonly saved: (needs: readonly boolean[]) => readonly (Tensor | null)[];
  readonly backward: Backward;
}

interface Node {
  readonly inputIds: readonly number[];
  readonly needs: readonly boolean[];
  readonly outputIds: readonly number[];
  readonly saved: readonly (Tensor | null)[];
  readonly backward: Backward;
}

/** Something that watches operations: a tape that records them, or the probe of `checkpoint`. */
export interface Observer {
  /** Whether what is computed from a tensor must be recorded. */
  tracks(tensor: Tensor): boolean;
  /** Takes an operation down. */
  record(recording: Recording): void;
}

let observers: readonly Observer[] = [];

/** Whether gradients can flow through a tensor: only floating types carry them. */
export function isDifferentiable(tensor: Tensor): boolean {
  return FLOATS.includes(tensor.dtype);
}

/** The observers that track at least one of the inputs. */
export function observersOf(inputs: readonly (Tensor | null)[]): readonly Observer[] {
  if (observers.length === 0) return observers;
  return observers.filter((observer) => inputs.some((input) => input !== null && observer.tracks(input)));
}

/** Every active observer, innermost last. */
export function activeObservers(): readonly Observer[] {
  return observers;
}

/** Runs `f` with exactly these observers. */
export function withObservers<T>(replacement: readonly Observer[], f: () => T): T {
  const before = observers;
  observers = replacement;
  try {
    return f();
  } finally {
    observers = before;
  }
}

/** Runs `f` with nothing recorded: its results are constants to every gradient. For frozen models. */
export function withoutGradients<T>(f: () => T): T {
  return withObservers([], f);
}

/** Reverse-mode tape: records what depends on its sources, then walks back once, freeing everything as it is spent. */
export class Tape implements Observer {
  readonly #tracked: Set<number>;
  readonly #firstUse = new Map<number, number>();
  readonly #nodes: (Node | undefined)[] = [];

  constructor(sources: readonly Tensor[]) {
    this.#tracked = new Set(sources.map((source) => source.id));
  }

  tracks(tensor: Tensor): boolean {
    return this.#tracked.has(tensor.id);
  }

  record({ inputs, outputs, saved, backward }: Recording): void {
    const needs = inputs.map((input) => input !== null && this.#tracked.has(input.id));
    const inputIds = inputs.map((input) => input?.id ?? -1);
    for (const [index, id] of inputIds.entries()) {
      if (needs[index] && !this.#firstUse.has(id)) this.#firstUse.set(id, this.#nodes.length);
    }
    for (const output of outputs) this.#tracked.add(output.id);
    this.#nodes.push({
      inputIds,
      needs,
      outputIds: outputs.map((output) => output.id),
      saved: saved(needs).map((tensor) => tensor?.alias() ?? null),
      backward,
    });
  }

  /**
   * Walks back from the roots, whose gradients are `seeds`, and hands over each source's gradient the moment it is final.
   * `undefined` is handed over for a source that no root depends on. The callee owns the gradients.
   */
  walkBack(
    roots: readonly Tensor[],
    seeds: readonly Tensor[],
    sourceIds: readonly number[],
    handOver: (sourceIndex: number, gradient: Tensor | undefined) => void,
  ): void {
    const gradients = new Map<number, Tensor>();
    const accumulate = (id: number, gradient: Tensor) => {
      const before = gradients.get(id);
      gradients.set(id, before ? sumOf(before, gradient) : gradient);
    };
    const finalAt = this.#sourcesByFirstUse(sourceIds);
    const handOverFinal = (node: number) => {
      for (const { id, indices } of finalAt.get(node) ?? []) {
        const gradient = gradients.get(id);
        gradients.delete(id);
        try {
          for (const index of indices) handOver(index, gradient?.alias());
        } finally {
          gradient?.dispose();
        }
      }
    };

    try {
      for (const [index, root] of roots.entries()) {
        const seed = seeds[index];
        if (seed && this.#tracked.has(root.id)) accumulate(root.id, seed.alias());
      }
      for (let index = this.#nodes.length - 1; index >= 0; index--) {
        const node = this.#nodes[index];
        this.#nodes[index] = undefined;
        if (node) stepBack(node, gradients, accumulate);
        handOverFinal(index);
      }
      handOverFinal(NEVER_USED);
    } finally {
      for (const gradient of gradients.values()) gradient.dispose();
      this.clear();
    }
  }

  /** Frees everything saved. */
  clear(): void {
    for (const node of this.#nodes) node?.saved.forEach((tensor) => tensor?.dispose());
    this.#nodes.length = 0;
  }

  /** Sources by the node that used them first, after which their gradient is final; one source may be asked for twice. */
  #sourcesByFirstUse(sourceIds: readonly number[]): ReadonlyMap<number, readonly FinalSource[]> {
    const byNode = new Map<number, FinalSource[]>();
    for (const id of new Set(sourceIds)) {
      const node = this.#firstUse.get(id) ?? NEVER_USED;
      const indices = sourceIds.flatMap((other, index) => (other === id ? [index] : []));
      byNode.set(node, [...(byNode.get(node) ?? []), { id, indices }]);
    }
    return byNode;
  }
}

interface FinalSource {
  readonly id: number;
  readonly indices: readonly number[];
}

/** Stands for a node before the first: sources that only roots name, or that nothing uses. */
const NEVER_USED = -1;

function stepBack(
  node: Node,
  gradients: Map<number, Tensor>,
  accumulate: (id: number, gradient: Tensor) => void,
): void {
  const outputGradients = node.outputIds.map((id) => gradients.get(id) ?? null);
  for (const id of node.outputIds) gradients.delete(id);
  try {
    if (outputGradients.every((gradient) => gradient === null)) return;
    scope(() => {
      const inputGradients = node.backward(node.saved, outputGradients, node.needs);
      for (const [index, gradient] of inputGradients.entries()) {
        if (gradient && node.needs[index]) accumulate(node.inputIds[index] ?? -1, gradient.alias());
      }
    });
  } finally {
    for (const gradient of outputGradients) gradient?.dispose();
    for (const tensor of node.saved) tensor?.dispose();
  }
}

/** Consumes both. */
function sumOf(a: Tensor, b: Tensor): Tensor {
  try {
    return keep(add(a, b));
  } finally {
    a.dispose();
    b.dispose();
  }
}
