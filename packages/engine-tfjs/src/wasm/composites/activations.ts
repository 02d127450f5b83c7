import type { DenseKernels } from '../dense.ts';
import type { WasmHandle } from '../store.ts';
import type { WasmComposite } from './types.ts';

type One = readonly [x: WasmHandle];

/** `gelu`, computed a piece at a time. */
export const gelu: WasmComposite<'gelu', One, One> = activation('gelu', 'geluGradient');

/** `quickGelu`, computed a piece at a time. */
export const quickGelu: WasmComposite<'quickGelu', One, One> = activation('quickGelu', 'quickGeluGradient');

function activation(
  forward: keyof DenseKernels & ('gelu' | 'quickGelu'),
  backward: keyof DenseKernels & ('geluGradient' | 'quickGeluGradient'),
): WasmComposite<'gelu' | 'quickGelu', One, One> {
  return {
    forward: ({ store, dense }, [x]) => {
      const y = store.make(x.shape, 'float32');
      dense[forward](x.span, y.span);
      return [y];
    },
    backward: ({ store, dense }, [x], gradient) => {
      const dx = store.make(x.shape, 'float32');
      dense[backward](x.span, gradient.span, dx.span);
      return [dx];
    },
  };
}
