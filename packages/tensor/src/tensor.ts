import type { DType, Shape } from './dtype.ts';
import type { Engine, Handle } from './engine.ts';
import { registerInScope } from './scope.ts';

/** A handle and the number of tensors that share it; freed when the last of them is disposed. */
interface Storage {
  readonly engine: Engine;
  readonly handle: Handle;
  owners: number;
}

let nextId = 1;

/**
 * An immutable array on an engine's device. Made by `tensor`, by operations, or by an engine's bridge.
 * It lives until `dispose()` or the end of the `scope` it was made in; the gradient tape keeps what it needs alive by itself.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Identity for gradients: two tensors with the same id are the same value. */
  readonly id: number;
  #storage: Storage;
  #disposed = false;

  private constructor(storage: Storage, id: number) {
    this.#storage = storage;
    this.shape = storage.handle.shape;
    this.dtype = storage.handle.dtype;
    this.id = id;
  }

  /** Wraps a handle that `engine` returned; the tensor owns it from now on. */
  static fromHandle(engine: Engine, handle: Handle): Tensor {
    const tensor = new Tensor({ engine, handle, owners: 1 }, nextId++);
    registerInScope(tensor);
    return tensor;
  }

  /** The engine that holds this tensor. */
  get engine(): Engine {
    return this.#storage.engine;
  }

  /** The engine's handle. Throws when the tensor was disposed. */
  get handle(): Handle {
    if (this.#disposed) {
      throw new Error(
        `tensor [${this.shape.join(', ')}] is already disposed; keep it with keep() or return it from its scope()`,
      );
    }
    return this.#storage.handle;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((size, length) => size * length, 1);
  }

  /** True once it was disposed; using it then throws. */
  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** True when no other tensor shares the memory, so that an engine may write into it. */
  get isSoleOwner(): boolean {
    return this.#storage.owners === 1;
  }

  /** The same value as a second tensor with a life of its own, outside every scope. Copies nothing. */
  alias(): Tensor {
    void this.handle; // throws when disposed
    this.#storage.owners++;
    return new Tensor(this.#storage, this.id);
  }

  /** Gives the handle up without freeing it: for operations that consume their input. */
  release(): Handle {
    const handle = this.handle;
    if (!this.isSoleOwner) throw new Error('release() of a tensor whose memory is shared');
    this.#disposed = true;
    this.#storage.owners = 0;
    return handle;
  }

  /** Frees the memory once no other tensor shares it. Calling it again does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#storage.owners--;
    if (this.#storage.owners === 0) this.#storage.engine.free(this.#storage.handle);
  }
}
