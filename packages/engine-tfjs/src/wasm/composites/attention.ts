import type { AttentionAttributes } from '@umt/tensor';
import type { WasmContext } from '../context.ts';
import type { AttentionMask, AttentionShape } from '../dense.ts';
import type { WasmHandle } from '../store.ts';
import type { WasmComposite } from './types.ts';

type Inputs = readonly [q: WasmHandle, k: WasmHandle, v: WasmHandle, keyMask: WasmHandle | null];
type Saved = readonly [q: WasmHandle, k: WasmHandle, v: WasmHandle, out: WasmHandle, keyMask?: WasmHandle];

/**
 * `attention` that keeps its output for backward (as a second handle of the same memory) and, where there is one, the
 * key mask; the weights are computed again there. An extra of 1568 x 1568 weights per head would be 118 MB a layer.
 */
export const attention: WasmComposite<'attention', Inputs, Saved> = {
  forward: (context, [q, k, v, keyMask], attributes) => {
    const { store, dense } = context;
    const out = store.make(q.shape, 'float32');
    const shape = shapeOf(q, k, attributes);
    if (k.size === 0) store.floats(out).fill(0);
    else if (out.size > 0) {
      const mask = maskOf(context, keyMask, shape, attributes.causal);
      dense.attention({ q: q.span, k: k.span, v: v.span, mask }, out.span, shape);
    }
    return keyMask ? [out, store.share(out), store.share(keyMask)] : [out, store.share(out)];
  },
  backward: (context, [q, k, v, out, keyMask], gradient, attributes) => {
    const { store, dense } = context;
    const gradients = [q, k, v].map(({ shape }) => store.make(shape, 'float32'));
    const [dq, dk, dv] = gradients as [WasmHandle, WasmHandle, WasmHandle];
    const shape = shapeOf(q, k, attributes);
    if (q.size === 0 || k.size === 0) for (const handle of gradients) store.floats(handle).fill(0);
    else {
      const mask = maskOf(context, keyMask ?? null, shape, attributes.causal);
      const inputs = { q: q.span, k: k.span, v: v.span, out: out.span, gradient: gradient.span, mask };
      dense.attentionGradient(inputs, { q: dq.span, k: dk.span, v: dv.span }, shape);
    }
    return [...gradients, null];
  },
};

function shapeOf(q: WasmHandle, k: WasmHandle, { heads, scale }: AttentionAttributes): AttentionShape {
  const [batch = 0, queries = 0, width = 0] = q.shape;
  return { batch, queries, keys: k.shape[1] ?? 0, width, heads, scale };
}

/** Which keys each query sees, as bytes outside the heap; null where all see all. */
function maskOf(
  { store }: WasmContext,
  keyMask: WasmHandle | null,
  { batch, queries, keys }: AttentionShape,
  isCausal: boolean,
): AttentionMask | null {
  if (!isCausal) {
    return keyMask && { visible: store.bytes(keyMask).slice(), shape: [batch, 1, 1, keys] };
  }
  const samples = keyMask ? batch : 1;
  const visible = new Uint8Array(samples * queries * keys);
  const allowed = keyMask ? store.bytes(keyMask) : null;
  for (let sample = 0, at = 0; sample < samples; sample++) {
    for (let query = 0; query < queries; query++, at += keys) {
      for (let key = 0; key < Math.min(query + 1, keys); key++)
        visible[at + key] = allowed ? (allowed[sample * keys + key] as number) : 1;
    }
  }
  return { visible, shape: [samples, 1, queries, keys] };
}
