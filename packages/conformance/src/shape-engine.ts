import type { Engine, Handle } from '@umt/tensor';

/** An engine that knows shapes and holds no elements: models of any size can be built on it, none can run. */
export function createShapeEngine(): Engine {
  let live = 0;
  const hold = (handle: Handle): Handle => {
    live++;
    return handle;
  };
  return {
    name: 'shapes',
    capabilities: { precisions: ['float32'], maxTensorSize: Infinity, threads: 1, deviceName: 'none' },
    composites: {},
    upload: (_, shape, dtype) => hold({ shape, dtype }),
    read: () => Promise.reject(new Error('shapes only')),
    free: () => void live--,
    run: (primitive, _, attributes) => {
      if (primitive !== 'fill' || !('shape' in attributes)) throw new Error(`${primitive}: shapes only`);
      return [hold({ shape: attributes.shape, dtype: 'float32' })];
    },
    memory: () => ({ tensors: live, bytes: 0, reservedBytes: 0 }),
    dispose: () => undefined,
  };
}
