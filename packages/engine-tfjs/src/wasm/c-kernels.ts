import type { Shape } from '@umt/tensor';
import { part, type Span, type WasmHeap } from './heap.ts';
import type { WasmFunction, WasmModule } from './module.ts';

/** Element-by-element C functions of one float32 input. */
export const UNARY_KERNELS = ['Abs', 'Neg', 'Square', 'Sqrt', 'Rsqrt', 'Exp', 'Log', 'Erf', 'Tanh'] as const;
/** XNNPACK's broadcasting functions of two float32 inputs. */
export const BINARY_KERNELS = ['Add', 'Sub', 'Multiply', 'RealDiv'] as const;

/** A name in UNARY_KERNELS, or Sigmoid, whose C signature differs. */
export type UnaryKernel = (typeof UNARY_KERNELS)[number] | 'Sigmoid';
/** A name in BINARY_KERNELS. */
export type BinaryKernel = (typeof BINARY_KERNELS)[number];

/** tfjs's numbers for element types (types.ts of tfjs-backend-wasm). */
const C_TYPES = { float32: 0, int32: 1, bool: 2 } as const;

/** Ids of the operands of the running kernel. */
const A = 1;
const B = 2;
const OUT = 3;

/** XNNPACK rounds the packed columns of a weight up to this. */
const PACKED_COLUMNS = 16;

/**
 * tfjs-backend-wasm's C kernels over spans of the heap.
 *
 * The C side knows tensors by id and keeps XNNPACK's packed copy of a matrix under the id of the tensor it came from,
 * which goes stale when that memory is written again. Here an id lives for one call only, so nothing is ever cached:
 * packing anew costs one pass over the right-hand matrix.
 */
export class CKernels {
  readonly #module: WasmModule;
  readonly #heap: WasmHeap;
  readonly #unary: Readonly<Record<UnaryKernel, WasmFunction>>;
  readonly #binary: Readonly<Record<BinaryKernel, WasmFunction>>;
  readonly #matmul: WasmFunction;
  readonly #softmax: WasmFunction;
  readonly #transpose: WasmFunction;

  constructor(module: WasmModule, heap: WasmHeap) {
    this.#module = module;
    this.#heap = heap;
    const numbers = (count: number) => Array.from({ length: count }, () => 'number' as const);
    const operand = ['number', 'array', 'number'] as const;
    const unary = UNARY_KERNELS.map((name) => [name, module.cwrap(name, null, numbers(3))] as const);
    const binary = BINARY_KERNELS.map(
      (name) => [name, module.cwrap(name, null, [...operand, ...operand, ...numbers(2)])] as const,
    );
    const sigmoid = module.cwrap('Sigmoid', null, numbers(2));
    this.#unary = {
      ...(Object.fromEntries(unary) as Record<(typeof UNARY_KERNELS)[number], WasmFunction>),
      Sigmoid: (x = 0, _type = 0, out = 0) => sigmoid(x, out),
    };
    this.#binary = Object.fromEntries(binary) as Record<BinaryKernel, WasmFunction>;
    this.#matmul = module.cwrap('BatchMatMul', null, [...operand, ...operand, ...numbers(3)]);
    this.#softmax = module.cwrap('Softmax', null, numbers(4));
    this.#transpose = module.cwrap('Transpose', null, [...operand, 'number', 'number', 'array', 'number']);
  }

  /** out = f(x); may be in place. */
  unary(name: UnaryKernel, x: Span, out: Span): void {
    if (x.size === 0) return;
    this.#withIds([x, null, out], () => this.#unary[name](A, C_TYPES.float32, OUT));
  }

  /** out = f(a, b), broadcast; shapes of rank 6 at most. In place where the output has the input's shape. */
  binary(name: BinaryKernel, a: Span, aShape: Shape, b: Span, bShape: Shape, out: Span): void {
    if (out.size === 0) return;
    const [aDims, bDims] = [aShape.length > 0 ? aShape : [1], bShape.length > 0 ? bShape : [1]];
    this.#withIds([a, b, out], () =>
      this.#binary[name](A, int32Bytes(aDims), aDims.length, B, int32Bytes(bDims), bDims.length, C_TYPES.float32, OUT),
    );
  }

  /** out [m, n] = a [m, k] x b [k, n], by XNNPACK. All lengths positive. Throws EngineMemoryError. */
  matmul(a: Span, b: Span, out: Span, m: number, k: number, n: number): void {
    this.#heap.ensureRoom(4 * (k + 1) * Math.ceil(n / PACKED_COLUMNS) * PACKED_COLUMNS);
    const shapeA = int32Bytes([1, m, k]);
    const shapeB = int32Bytes([1, k, n]);
    this.#withIds([a, b, out], () => this.#matmul(A, shapeA, 3, B, shapeB, 3, 0, 0, OUT));
  }

  /** Softmax of each row; may be in place. */
  softmax(x: Span, out: Span, rows: number, columns: number): void {
    if (x.size === 0) return;
    this.#withIds([x, null, out], () => this.#softmax(A, OUT, columns, rows));
  }

  /** Ranks 2 to 4 (higher ranks run 65 times slower), not the identity. */
  transpose(x: Span, shape: Shape, permutation: readonly number[], out: Span, dtype: keyof typeof C_TYPES): void {
    if (x.size === 0) return;
    const [dims, order] = [int32Bytes(shape), int32Bytes(permutation)];
    this.#withIds([x, null, out], () =>
      this.#transpose(A, dims, shape.length, C_TYPES[dtype], OUT, order, permutation.length),
    );
  }

  /** out [batch, columns, rows] = x [batch, rows, columns] with its last axes swapped. */
  transposeMatrices(x: Span, out: Span, batch: number, rows: number, columns: number): void {
    const size = rows * columns;
    for (let index = 0; index < batch; index++) {
      const [from, to] = [part(x, index * size, size), part(out, index * size, size)];
      this.transpose(from, [rows, columns], [1, 0], to, 'float32');
    }
  }

  #withIds([a, b, out]: readonly [Span, Span | null, Span], kernel: () => void): void {
    const { registerTensor, disposeData } = this.#module.tfjs;
    registerTensor(A, a.size, a.offset);
    if (b) registerTensor(B, b.size, b.offset);
    registerTensor(OUT, out.size, out.offset);
    try {
      kernel();
    } finally {
      disposeData(A);
      if (b) disposeData(B);
      disposeData(OUT);
    }
  }
}

function int32Bytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}
