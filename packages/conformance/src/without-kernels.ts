import type { Engine } from '@umt/tensor';

/** The same engine with none of its own composites: every composite runs its definition in primitives. */
export function withoutKernels(engine: Engine): Engine {
  return {
    name: engine.name,
    capabilities: engine.capabilities,
    composites: {},
    upload: (data, shape, dtype) => engine.upload(data, shape, dtype),
    read: (handle) => engine.read(handle),
    free: (handle) => engine.free(handle),
    run: (primitive, inputs, attributes) => engine.run(primitive, inputs, attributes),
    memory: () => engine.memory(),
    dispose: () => engine.dispose(),
  };
}
