import type { PrimitiveAttributes, PrimitiveName } from '@umt/tensor';
import type { CKernels } from './c-kernels.ts';
import type { DenseKernels } from './dense.ts';
import type { HandleStore, WasmHandle } from './store.ts';

/** What kernels of the wasm engine work with. */
export interface WasmContext {
  readonly store: HandleStore;
  readonly c: CKernels;
  readonly dense: DenseKernels;
}

/** Runs one primitive; inputs are checked and live. */
export type PrimitiveKernel<P extends PrimitiveName> = (
  context: WasmContext,
  inputs: readonly WasmHandle[],
  attributes: PrimitiveAttributes[P],
) => readonly WasmHandle[];

/** Kernels of some primitives. */
export type PrimitiveKernels<P extends PrimitiveName = PrimitiveName> = { readonly [N in P]: PrimitiveKernel<N> };

/** The input at an index; the caller of an engine guarantees that it is there. */
export function input(inputs: readonly WasmHandle[], index: number): WasmHandle {
  const handle = inputs[index];
  if (!handle) throw new Error(`wasm: input ${index} is missing`);
  return handle;
}
