import { sizeOf, type DType, type EngineMemory, type Handle, type Shape, type TypedArray } from '@umt/tensor';
import type { Block, Span, WasmHeap } from './heap.ts';

/** Memory and the number of handles that share it. */
interface Storage {
  readonly block: Block;
  owners: number;
}

/** Element types wasm holds. */
export type WasmDType = 'float32' | 'int32' | 'bool';

/** A tensor on the wasm heap. */
export class WasmHandle implements Handle {
  readonly shape: Shape;
  readonly dtype: WasmDType;
  readonly size: number;
  readonly store: HandleStore;
  readonly storage: Storage;
  isFreed = false;

  constructor(store: HandleStore, storage: Storage, shape: Shape, dtype: WasmDType) {
    this.store = store;
    this.storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
  }

  /** Where its elements lie. */
  get span(): Span {
    return { offset: this.storage.block.offset, size: this.size };
  }

  /** Whether no other handle shares the memory. */
  get isSoleOwner(): boolean {
    return this.storage.owners === 1;
  }
}

/** Makes, shares and frees the handles of one engine and counts them. */
export class HandleStore {
  readonly heap: WasmHeap;
  readonly #engine: string;
  #handles = 0;
  #bytes = 0;
  #made: WasmHandle[] = [];

  constructor(engine: string, heap: WasmHeap) {
    this.#engine = engine;
    this.heap = heap;
  }

  /**
   * Runs one operation. When it throws, everything it made is freed: a full heap leaves the engine as it was.
   */
  transaction<T>(operation: () => T): T {
    this.#made = [];
    try {
      return operation();
    } catch (error) {
      for (const handle of this.#made) if (!handle.isFreed) this.free(handle);
      throw error;
    } finally {
      this.#made = [];
    }
  }

  /** A new tensor with undefined content. */
  make(shape: Shape, dtype: WasmDType): WasmHandle {
    const block = this.heap.allocate(sizeOf(shape) * bytesPerElement(dtype));
    this.#bytes += block.bytes;
    return this.#handle({ block, owners: 0 }, shape, dtype);
  }

  /** The same memory as a second handle. */
  share(handle: WasmHandle, shape: Shape = handle.shape): WasmHandle {
    return this.#handle(handle.storage, shape, handle.dtype);
  }

  /** The same content in memory of its own. */
  copy(handle: WasmHandle): WasmHandle {
    const copy = this.make(handle.shape, handle.dtype);
    this.view(copy).set(this.view(handle));
    return copy;
  }

  /** Checks that a handle is one of this engine's live ones. */
  own(handle: Handle): WasmHandle {
    if (!(handle instanceof WasmHandle) || handle.store !== this) {
      throw new Error(
        `${this.#engine}: tensor [${handle.shape.join(', ')}] belongs to another engine; read and upload it`,
      );
    }
    if (handle.isFreed) throw new Error(`${this.#engine}: handle [${handle.shape.join(', ')}] was already freed`);
    return handle;
  }

  /** Frees a handle, and its memory when no other shares it. Throws when the handle is freed already or foreign. */
  free(handle: Handle): void {
    const owned = this.own(handle);
    owned.isFreed = true;
    this.#handles--;
    owned.storage.owners--;
    if (owned.storage.owners > 0) return;
    this.#bytes -= owned.storage.block.bytes;
    this.heap.release(owned.storage.block);
  }

  /** Narrows to the types wasm holds; throws on the half precisions. */
  dtype(dtype: DType): WasmDType {
    if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
    throw new Error(`${this.#engine}: no ${dtype} tensors on this engine, only float32, int32 and bool`);
  }

  /** The elements where they lie, in the handle's own type. Take views after all allocations. */
  view(handle: WasmHandle): TypedArray {
    if (handle.dtype === 'float32') return this.heap.float32(handle.span);
    return handle.dtype === 'int32' ? this.heap.int32(handle.span) : this.heap.uint8(handle.span);
  }

  /** The elements of a float32 handle where they lie. */
  floats(handle: WasmHandle): Float32Array<ArrayBuffer> {
    return this.heap.float32(handle.span);
  }

  /** The elements of an int32 handle where they lie. */
  integers(handle: WasmHandle): Int32Array<ArrayBuffer> {
    return this.heap.int32(handle.span);
  }

  /** The elements of a bool handle where they lie, one byte each. */
  bytes(handle: WasmHandle): Uint8Array<ArrayBuffer> {
    return this.heap.uint8(handle.span);
  }

  /** What is held now: handles, their bytes (shared ones once), and the size of the heap. */
  memory(): EngineMemory {
    return { tensors: this.#handles, bytes: this.#bytes, reservedBytes: this.heap.reservedBytes };
  }

  #handle(storage: Storage, shape: Shape, dtype: WasmDType): WasmHandle {
    const handle = new WasmHandle(this, storage, shape, dtype);
    storage.owners++;
    this.#handles++;
    this.#made.push(handle);
    return handle;
  }
}

/** Bytes one element takes in the heap. */
function bytesPerElement(dtype: WasmDType): 1 | 4 {
  return dtype === 'bool' ? 1 : 4;
}
