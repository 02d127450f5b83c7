import {
  sizeOf,
  type Capabilities,
  type CompositeKernels,
  type DType,
  type Engine,
  type EngineMemory,
  type Handle,
  type PrimitiveAttributes,
  type PrimitiveName,
  type Shape,
  type TypedArray,
} from '@umt/tensor';
import type { WasmContext, PrimitiveKernels } from './context.ts';
import { wasmComposites } from './composites/index.ts';
import { elementwiseKernels } from './primitives/elementwise.ts';
import { indexingKernels } from './primitives/indexing.ts';
import { layoutKernels } from './primitives/layout.ts';
import { reduceKernels } from './primitives/reduce.ts';

const KERNELS: PrimitiveKernels = { ...elementwiseKernels, ...layoutKernels, ...reduceKernels, ...indexingKernels };

/** What a wasm engine is made of. */
export interface WasmEngineParts extends WasmContext {
  readonly hasSimd: boolean;
  /** Gives the wasm instance back. */
  readonly disposeModule: () => void;
}

/** The engine over one wasm instance. Everything runs at once, on the calling thread. */
export class WasmEngine implements Engine {
  readonly name = 'wasm';
  readonly capabilities: Capabilities;
  readonly composites: CompositeKernels;
  readonly #parts: WasmEngineParts;
  #isDisposed = false;

  constructor(parts: WasmEngineParts) {
    this.#parts = parts;
    this.composites = wasmComposites(parts);
    const { dense, hasSimd } = parts;
    const threads = `${dense.threads} thread${dense.threads === 1 ? '' : 's'}`;
    this.capabilities = {
      precisions: ['float32'],
      maxTensorSize: 2 ** 30 - 1,
      threads: dense.threads,
      deviceName: `wasm (${hasSimd ? 'SIMD' : 'no SIMD'}), ${dense.description}, ${threads}`,
    };
  }

  upload(data: TypedArray, shape: Shape, dtype: DType): Handle {
    const { store } = this.#live();
    if (data.length !== sizeOf(shape)) {
      throw new Error(`wasm: ${data.length} elements do not fill [${shape.join(', ')}]`);
    }
    return store.transaction(() => {
      const handle = store.make(shape, store.dtype(dtype));
      const view = store.view(handle);
      if (handle.dtype === 'bool') for (let i = 0; i < view.length; i++) view[i] = data[i] === 0 ? 0 : 1;
      else view.set(data);
      return handle;
    });
  }

  async read(handle: Handle): Promise<TypedArray> {
    const { store } = this.#live();
    return store.view(store.own(handle)).slice();
  }

  free(handle: Handle): void {
    // after dispose there is nothing left to free, and scopes that end late need not know
    if (!this.#isDisposed) this.#parts.store.free(handle);
  }

  run<P extends PrimitiveName>(
    primitive: P,
    inputs: readonly Handle[],
    attributes: PrimitiveAttributes[P],
  ): readonly Handle[] {
    const { store } = this.#live();
    const kernel = KERNELS[primitive];
    return store.transaction(() =>
      kernel(
        this.#parts,
        inputs.map((handle) => store.own(handle)),
        attributes,
      ),
    );
  }

  memory(): EngineMemory {
    return this.#isDisposed ? { tensors: 0, bytes: 0, reservedBytes: 0 } : this.#parts.store.memory();
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#parts.dense.dispose();
    this.#parts.disposeModule();
  }

  #live(): WasmEngineParts {
    if (this.#isDisposed) throw new Error('wasm: the engine was disposed');
    return this.#parts;
  }
}
