import type { CompositeAttributes, CompositeName } from '@umt/tensor';
import type { WasmContext } from '../context.ts';
import type { WasmHandle } from '../store.ts';

/** Tensors of a composite in a fixed order. */
export type Tensors = readonly (WasmHandle | null | undefined)[];

/** Both halves of one composite on wasm handles: what it takes, and what it saves (saved inputs, then extras). */
export interface WasmComposite<C extends CompositeName, Inputs extends Tensors, Saved extends Tensors> {
  readonly forward: (context: WasmContext, inputs: Inputs, attributes: CompositeAttributes[C]) => readonly WasmHandle[];
  /** May give gradients that are not needed; they are dropped. */
  readonly backward: (
    context: WasmContext,
    saved: Saved,
    gradient: WasmHandle,
    attributes: CompositeAttributes[C],
    needs: readonly boolean[],
  ) => readonly (WasmHandle | null)[];
}
