import type {
  Capabilities,
  CompositeKernels,
  DType,
  Engine,
  EngineMemory,
  Handle,
  PrimitiveAttributes,
  PrimitiveName,
  Shape,
  TypedArray,
} from '@umt/tensor';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { KernelEngine } from '../kernels/engine.ts';
import type { GpuSource } from './adapter.ts';
import { adamw } from './shaders/adamw.ts';
import { GpuErrorLog } from './error-log.ts';
import type { GpuLostError } from './errors.ts';

/** What a WebGPU engine is made of. */
export interface WebGpuEngineParts {
  readonly kernels: KernelEngine;
  readonly backend: WebGPUBackend;
  readonly device: GPUDevice;
  /** Held as long as the engine: Dawn in Node ends with its entry object, under the feet of a device that still runs. */
  readonly source: GpuSource;
}

/**
 * The engine over one WebGPU device. Work is queued and runs later, so an error in it is thrown by the next read; the loss
 * of the device by the next call of any kind.
 */
export class WebGpuEngine implements Engine {
  readonly name = 'webgpu';
  readonly capabilities: Capabilities;
  readonly composites: CompositeKernels;
  /** Settles, with the reason, should the device be lost; never after `dispose`. */
  readonly lost: Promise<GpuLostError>;
  readonly #parts: WebGpuEngineParts;
  readonly #errors: GpuErrorLog;
  #isDisposed = false;

  constructor(parts: WebGpuEngineParts) {
    this.#parts = parts;
    this.#errors = new GpuErrorLog(parts.device);
    this.capabilities = parts.kernels.capabilities;
    this.composites = { adamw: (handles, attributes) => adamw(this.#live().kernels, handles, attributes) };
    this.lost = new Promise((resolve) => {
      void this.#errors.lost.then((loss) => (this.#isDisposed ? undefined : resolve(loss)));
    });
  }

  /** True once the device is gone: make a new engine. */
  get isLost(): boolean {
    return this.#errors.loss !== null;
  }

  upload(data: TypedArray, shape: Shape, dtype: DType): Handle {
    return this.#live().kernels.upload(data, shape, dtype);
  }

  async read(handle: Handle): Promise<TypedArray> {
    const { kernels } = this.#live();
    // the copy is queued before the log is asked, so that what it waits for is behind it
    const copied = kernels.read(handle);
    const [error, result] = await Promise.all([this.#errors.check(), settled(copied)]);
    if (error) throw await this.#errors.explain(error);
    if (!result.isRead) throw await this.#errors.explain(result.reason);
    if (this.#errors.loss) throw this.#errors.loss;
    return result.values;
  }

  free(handle: Handle): void {
    this.#parts.kernels.free(handle);
  }

  run<P extends PrimitiveName>(
    primitive: P,
    inputs: readonly Handle[],
    attributes: PrimitiveAttributes[P],
  ): readonly Handle[] {
    return this.#live().kernels.run(primitive, inputs, attributes);
  }

  memory(): EngineMemory {
    if (this.#isDisposed) return { tensors: 0, bytes: 0, reservedBytes: 0 };
    const { kernels, backend } = this.#parts;
    return { ...kernels.memory(), reservedBytes: backend.bufferManager.numBytesAllocated };
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#parts.kernels.dispose();
    this.#parts.device.destroy();
  }

  #live(): WebGpuEngineParts {
    if (this.#isDisposed) throw new Error('webgpu: the engine was disposed');
    if (this.#errors.loss) throw this.#errors.loss;
    return this.#parts;
  }
}

type ReadResult =
  { readonly isRead: true; readonly values: TypedArray } | { readonly isRead: false; readonly reason: unknown };

async function settled(values: Promise<TypedArray>): Promise<ReadResult> {
  try {
    return { isRead: true, values: await values };
  } catch (reason) {
    return { isRead: false, reason };
  }
}
