import type { WasmHandle } from '../store.ts';
import type { WasmComposite } from './types.ts';

type Inputs = readonly [x: WasmHandle, weight: WasmHandle, bias: WasmHandle | null];
type Saved = readonly [x: WasmHandle, weight: WasmHandle];

/** `linear`: three matrix products over all rows of x together, the bias added inside the first where possible. */
export const linear: WasmComposite<'linear', Inputs, Saved> = {
  forward: ({ store, dense, c }, [x, weight, bias]) => {
    const [outputs = 0, inputs = 0] = weight.shape;
    const out = store.make([...x.shape.slice(0, -1), outputs], 'float32');
    if (out.size === 0) return [out];
    const rows = out.size / outputs;
    if (inputs > 0) dense.linear(x.span, weight.span, bias?.span ?? null, out.span, rows, inputs, outputs);
    else {
      store.floats(out).fill(0);
      if (bias) c.binary('Add', out.span, [rows, outputs], bias.span, [1, outputs], out.span);
    }
    return [out];
  },
  backward: ({ store, dense }, [x, weight], gradient, _attributes, needs) => {
    const [outputs = 0, inputs = 0] = weight.shape;
    const rows = x.shape.slice(0, -1).reduce((size, length) => size * length, 1);
    const dx = needs[0] ? store.make(x.shape, 'float32') : null;
    const dWeight = needs[1] ? store.make(weight.shape, 'float32') : null;
    const dBias = needs[2] ? store.make([outputs], 'float32') : null;
    const product = { batch: 1, transposeB: false };
    if (dx) {
      const shape = { ...product, m: rows, k: outputs, n: inputs, transposeA: false };
      dense.matmul(gradient.span, weight.span, dx.span, shape);
    }
    if (dWeight) {
      const shape = { ...product, m: outputs, k: rows, n: inputs, transposeA: true };
      dense.matmul(gradient.span, x.span, dWeight.span, shape);
    }
    if (dBias && rows > 0 && outputs > 0) dense.columnSums(gradient.span, dBias.span, rows, outputs);
    else if (dBias) store.floats(dBias).fill(0);
    return [dx, dWeight, dBias];
  },
};
