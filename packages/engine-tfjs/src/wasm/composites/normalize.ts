import { softmaxCrossEntropy as crossEntropy, softmaxCrossEntropyGradient } from '../../loops/cross-entropy.ts';
import { l2Normalize as normalize, l2NormalizeGradient } from '../../loops/normalize.ts';
import type { WasmHandle } from '../store.ts';
import type { WasmComposite } from './types.ts';

/** `l2Normalize` in one loop each way. */
export const l2Normalize: WasmComposite<
  'l2Normalize',
  readonly [x: WasmHandle],
  readonly [x: WasmHandle, reciprocal: WasmHandle]
> = {
  forward: ({ store }, [x], { epsilon }) => {
    const y = store.make(x.shape, 'float32');
    const reciprocal = store.make([...x.shape.slice(0, -1), 1], 'float32');
    normalize(store.floats(x), epsilon, store.floats(y), store.floats(reciprocal));
    return [y, reciprocal];
  },
  backward: ({ store }, [x, reciprocal], gradient) => {
    const dx = store.make(x.shape, 'float32');
    l2NormalizeGradient(store.floats(x), store.floats(reciprocal), store.floats(gradient), store.floats(dx));
    return [dx];
  },
};

/** `softmaxCrossEntropy` in one loop each way. */
export const softmaxCrossEntropy: WasmComposite<
  'softmaxCrossEntropy',
  readonly [logits: WasmHandle, targets: WasmHandle],
  readonly [targets: WasmHandle, probabilities: WasmHandle]
> = {
  forward: ({ store }, [logits, targets]) => {
    const [rows = 0] = logits.shape;
    const [losses, probabilities] = [store.make([rows], 'float32'), store.make(logits.shape, 'float32')];
    crossEntropy(store.floats(logits), store.floats(targets), store.floats(losses), store.floats(probabilities));
    return [losses, probabilities];
  },
  backward: ({ store }, [targets, probabilities], gradient, _attributes, needs) => {
    if (!needs[0]) return [null, null];
    const dx = store.make(targets.shape, 'float32');
    softmaxCrossEntropyGradient(
      store.floats(probabilities),
      store.floats(targets),
      store.floats(gradient),
      store.floats(dx),
    );
    return [dx, null];
  },
};
