import { layerNorm as normalize, layerNormGradient } from '../../loops/layer-norm.ts';
import type { WasmHandle } from '../store.ts';
import type { WasmComposite } from './types.ts';

type Inputs = readonly [x: WasmHandle, scale: WasmHandle, shift: WasmHandle];
type Saved = readonly [x: WasmHandle, scale: WasmHandle, mean: WasmHandle, rstd: WasmHandle];

/** `layerNorm` in one loop each way: adds and multiplies only, at which JavaScript is fast. */
export const layerNorm: WasmComposite<'layerNorm', Inputs, Saved> = {
  forward: ({ store }, [x, scale, shift], { epsilon }) => {
    const rows = x.shape.slice(0, -1).reduce((size, length) => size * length, 1);
    const [y, mean, rstd] = [
      store.make(x.shape, 'float32'),
      store.make([rows], 'float32'),
      store.make([rows], 'float32'),
    ];
    const f = (handle: WasmHandle) => store.floats(handle);
    normalize(f(x), f(scale), f(shift), epsilon, f(y), f(mean), f(rstd));
    return [y, mean, rstd];
  },
  backward: ({ store }, [x, scale, mean, rstd], gradient) => {
    const outputs = [x, scale, scale].map(({ shape }) => store.make(shape, 'float32'));
    const [dx, dScale, dShift] = outputs as [WasmHandle, WasmHandle, WasmHandle];
    const f = (handle: WasmHandle) => store.floats(handle);
    layerNormGradient(f(x), f(scale), f(mean), f(rstd), f(gradient), f(dx), f(dScale), f(dShift));
    return outputs;
  },
};
