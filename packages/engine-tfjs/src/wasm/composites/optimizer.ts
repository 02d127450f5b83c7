import type { AdamWAttributes, AdamWHandles } from '@umt/tensor';
import { adamwNumbers } from '../../loops/adamw.ts';
import { sumOfSquares as squaresOf } from '../../loops/reduce.ts';
import type { WasmContext } from '../context.ts';
import type { WasmHandle } from '../store.ts';

/** `adamw` written into the memory of parameter and moments; where `apply` is false that memory is not touched. */
export function adamw(
  { store, dense }: WasmContext,
  handles: { readonly [H in keyof AdamWHandles]: WasmHandle },
  attributes: AdamWAttributes,
): readonly [WasmHandle, WasmHandle, WasmHandle] {
  const { gradient, step, gradientScale, apply } = handles;
  const consumed = [handles.parameter, handles.firstMoment, handles.secondMoment];
  // a reshaped view elsewhere may still hold this memory: it keeps the old value
  const results = consumed.map((handle) => (handle.isSoleOwner ? store.share(handle) : store.copy(handle)));
  const [p, m, v] = results as [WasmHandle, WasmHandle, WasmHandle];
  if (store.bytes(apply)[0] !== 0) {
    const numbers = adamwNumbers(attributes, store.floats(step)[0] ?? 1, store.floats(gradientScale)[0] ?? 1);
    dense.adamw({ p: p.span, gradient: gradient.span, m: m.span, v: v.span }, numbers);
  }
  for (const handle of consumed) store.free(handle);
  return [p, m, v];
}

/** `sumOfSquares` accumulated in float64: a float32 scalar. */
export function sumOfSquares({ store }: WasmContext, handles: readonly WasmHandle[]): WasmHandle {
  const out = store.make([], 'float32');
  const total = handles.reduce((sum, handle) => sum + squaresOf(store.floats(handle)), 0);
  store.floats(out)[0] = total;
  return out;
}
