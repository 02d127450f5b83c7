import { EngineMemoryError } from '../errors.ts';
import type { WasmModule } from './module.ts';

/** A piece of the heap that was allocated. */
export interface Block {
  /** What malloc gave. */
  readonly base: number;
  /** First byte to use, on a cache line. */
  readonly offset: number;
  /** Usable bytes. */
  readonly bytes: number;
}

/** float32 elements somewhere in the heap: a whole tensor or a part of one. */
export interface Span {
  /** First byte. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
}

/** The binaries are linked with this most: wasm's 32-bit addresses. */
export const HEAP_LIMIT_BYTES = 2 ** 32;

const ALIGNMENT = 64;
/** SIMD kernels may read a little past the end. */
const TAIL = 64;
const EMPTY: Block = { base: 0, offset: ALIGNMENT, bytes: 0 };

/**
 * The heap of one wasm module, shared by tfjs's C kernels, our loops and onnxruntime.
 * Views must be taken after the last allocation they are used beside: growth detaches the old ones.
 */
export class WasmHeap {
  readonly #module: WasmModule;
  readonly #limitBytes: number;
  #heldBytes = 0;

  constructor(module: WasmModule, limitBytes: number) {
    this.#module = module;
    this.#limitBytes = Math.min(limitBytes, HEAP_LIMIT_BYTES);
  }

  /** Bytes of blocks in use. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes the heap has grown to; it never shrinks. */
  get reservedBytes(): number {
    return this.#module.HEAPU8.length;
  }

  /** Throws EngineMemoryError where tfjs would go on with overlapping tensors. The content is undefined. */
  allocate(bytes: number): Block {
    if (bytes === 0) return EMPTY;
    const padded = bytes + ALIGNMENT + TAIL;
    const hasRoom = this.#heldBytes + padded <= this.#limitBytes;
    const base = hasRoom ? this.#module._malloc(padded) >>> 0 : 0;
    if (base === 0) throw this.#noRoom(bytes);
    this.#heldBytes += padded;
    return { base, offset: Math.ceil(base / ALIGNMENT) * ALIGNMENT, bytes };
  }

  /** Gives a block back; its memory may be handed out again at once. */
  release(block: Block): void {
    if (block === EMPTY) return;
    this.#heldBytes -= block.bytes + ALIGNMENT + TAIL;
    this.#module._free(block.base);
  }

  /** Throws EngineMemoryError unless a C kernel can allocate `bytes` for itself now; C kernels do not check. */
  ensureRoom(bytes: number): void {
    const base = this.#module._malloc(bytes) >>> 0;
    if (base === 0) throw this.#noRoom(bytes);
    this.#module._free(base);
  }

  /** A view of `size` elements. Growth of the heap detaches it: take it after all allocations. */
  float32({ offset, size }: Span): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#module.HEAPU8.buffer, offset, size);
  }

  /** A view like `float32`, of int32 elements. */
  int32({ offset, size }: Span): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#module.HEAPU8.buffer, offset, size);
  }

  /** A view like `float32`, of bytes. */
  uint8({ offset, size }: Span): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#module.HEAPU8.buffer, offset, size);
  }

  #noRoom(bytes: number): EngineMemoryError {
    return new EngineMemoryError('wasm', bytes, this.#heldBytes, this.#limitBytes);
  }
}

/** Elements `start` to `start + size` of a span. */
export function part(span: Span, start: number, size: number): Span {
  return { offset: span.offset + 4 * start, size };
}
