import { sizeOf } from '@umt/tensor';
import type { WasmHandle } from '../store.ts';
import type { WasmComposite } from './types.ts';

type Inputs = readonly [x: WasmHandle, indices: WasmHandle];
type Saved = readonly [indices: WasmHandle];

/** `selectTokens` as row copies; with unique indices the gradient is the same copies the other way round. */
export const selectTokens: WasmComposite<'selectTokens', Inputs, Saved> = {
  forward: ({ store }, [x, indices]) => {
    const [, tokens = 0, ...rest] = x.shape;
    const out = store.make([...indices.shape, ...rest], x.dtype);
    const [from, to] = [store.view(x), store.view(out)];
    forEachToken(store.integers(indices), indices.shape, tokens, sizeOf(rest), (row, selected, width) => {
      to.set(from.subarray(row, row + width), selected);
    });
    return [out];
  },
  backward: ({ store }, [indices], gradient, { tokens }, needs) => {
    if (!needs[0]) return [null, null];
    const [batch = 0] = indices.shape;
    const rest = gradient.shape.slice(2);
    const dx = store.make([batch, tokens, ...rest], 'float32');
    const [from, to] = [store.floats(gradient), store.floats(dx)];
    to.fill(0);
    forEachToken(store.integers(indices), indices.shape, tokens, sizeOf(rest), (row, selected, width) => {
      to.set(from.subarray(selected, selected + width), row);
    });
    return [dx, null];
  },
};

/** Visits each selected token with its first element in x and in the selection. */
function forEachToken(
  indices: Int32Array,
  [batch = 0, selected = 0]: readonly number[],
  tokens: number,
  width: number,
  visit: (row: number, selected: number, width: number) => void,
): void {
  for (let sample = 0; sample < batch; sample++) {
    for (let i = 0; i < selected; i++) {
      const at = sample * selected + i;
      const index = indices[at] as number;
      if (!(index >= 0 && index < tokens)) {
        throw new Error(`selectTokens: index ${index} of sample ${sample} is outside 0..${tokens - 1}`);
      }
      visit((sample * tokens + index) * width, at * width, width);
    }
  }
}
