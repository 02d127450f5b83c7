import {
  applyGates,
  bellExponent,
  geluFromErrors,
  geluGradientFrom,
  QUICK_GELU_SLOPE,
  quickGeluGradientFrom,
  scaleInto,
} from '../loops/activations.ts';
import { adamwInPlace, type AdamWNumbers } from '../loops/adamw.ts';
import { sumColumns } from '../loops/reduce.ts';
import type { CKernels } from './c-kernels.ts';
import type { AdamWSpans, AttentionInputs, AttentionShape, DenseKernels, DenseUnary, MatmulShape } from './dense.ts';
import { part, type Span, type WasmHeap } from './heap.ts';
import { XnnpackAttention } from './xnnpack-attention.ts';

const KERNEL_NAMES = { exp: 'Exp', log: 'Log', erf: 'Erf', tanh: 'Tanh', sigmoid: 'Sigmoid' } as const;
/** Elements worked on at a time, so that intermediate results stay in the cache. */
const CHUNK = 1 << 15;

/** Dense kernels inside wasm: XNNPACK products on explicitly transposed matrices, tfjs's C kernels, loops over the heap. */
export class XnnpackKernels implements DenseKernels {
  readonly description = 'XNNPACK GEMM';
  readonly threads: number;
  readonly #heap: WasmHeap;
  readonly #c: CKernels;
  readonly #attention: XnnpackAttention;

  constructor(heap: WasmHeap, c: CKernels, threads: number) {
    this.#heap = heap;
    this.#c = c;
    this.threads = threads;
    this.#attention = new XnnpackAttention(heap, c);
  }

  matmul(a: Span, b: Span, out: Span, { batch, m, k, n, transposeA, transposeB }: MatmulShape): void {
    if (out.size === 0) return;
    if (k === 0) {
      this.#view(out).fill(0);
      return;
    }
    this.#withTransposed(a, transposeA, batch, k, m, (left) =>
      this.#withTransposed(b, transposeB, batch, n, k, (right) => {
        for (let index = 0; index < batch; index++) {
          const product = part(out, index * m * n, m * n);
          this.#c.matmul(part(left, index * m * k, m * k), part(right, index * k * n, k * n), product, m, k, n);
        }
      }),
    );
  }

  linear(x: Span, weight: Span, bias: Span | null, out: Span, rows: number, inputs: number, outputs: number): void {
    const shape = { batch: 1, m: rows, k: inputs, n: outputs, transposeA: false, transposeB: true };
    this.matmul(x, weight, out, shape);
    if (bias) this.#c.binary('Add', out, [rows, outputs], bias, [1, outputs], out);
  }

  columnSums(x: Span, out: Span, rows: number, columns: number): void {
    sumColumns(this.#view(x), this.#view(out), rows, columns);
  }

  softmax(x: Span, out: Span, rows: number, columns: number): void {
    this.#c.softmax(x, out, rows, columns);
  }

  unary(name: DenseUnary, x: Span, out: Span): void {
    this.#c.unary(KERNEL_NAMES[name], x, out);
  }

  gelu(x: Span, out: Span): void {
    this.#inChunks(x.size, 1, (start, size, [errors]) => {
      const [input, output] = [part(x, start, size), part(out, start, size)];
      scaleInto(this.#view(input), Math.SQRT1_2, this.#view(errors));
      this.#c.unary('Erf', errors, errors);
      geluFromErrors(this.#view(input), this.#view(errors), this.#view(output));
    });
  }

  geluGradient(x: Span, gradient: Span, out: Span): void {
    this.#inChunks(x.size, 2, (start, size, [errors, bells]) => {
      const [input, dy, dx] = [part(x, start, size), part(gradient, start, size), part(out, start, size)];
      scaleInto(this.#view(input), Math.SQRT1_2, this.#view(errors));
      bellExponent(this.#view(input), this.#view(bells));
      this.#c.unary('Erf', errors, errors);
      this.#c.unary('Exp', bells, bells);
      geluGradientFrom(this.#view(input), this.#view(dy), this.#view(errors), this.#view(bells), this.#view(dx));
    });
  }

  quickGelu(x: Span, out: Span): void {
    scaleInto(this.#view(x), QUICK_GELU_SLOPE, this.#view(out));
    this.#c.unary('Sigmoid', out, out);
    applyGates(this.#view(x), this.#view(out));
  }

  quickGeluGradient(x: Span, gradient: Span, out: Span): void {
    scaleInto(this.#view(x), QUICK_GELU_SLOPE, this.#view(out));
    this.#c.unary('Sigmoid', out, out);
    quickGeluGradientFrom(this.#view(x), this.#view(gradient), this.#view(out));
  }

  attention(inputs: AttentionInputs, out: Span, shape: AttentionShape): void {
    this.#attention.forward(inputs, out, shape);
  }

  attentionGradient(
    inputs: AttentionInputs & { readonly out: Span; readonly gradient: Span },
    gradients: { readonly q: Span; readonly k: Span; readonly v: Span },
    shape: AttentionShape,
  ): void {
    this.#attention.backward(inputs, gradients, shape);
  }

  adamw({ p, gradient, m, v }: AdamWSpans, numbers: AdamWNumbers): void {
    adamwInPlace(this.#view(p), this.#view(gradient), this.#view(m), this.#view(v), numbers);
  }

  dispose(): void {
    // nothing of its own: the heap goes with the module
  }

  /** A fresh view: any call into the module may have grown the heap and detached older ones. */
  #view(span: Span): Float32Array {
    return this.#heap.float32(span);
  }

  /** Hands on x as [batch, rows, columns]; where it is transposed it lies as [batch, columns, rows] and is copied. */
  #withTransposed(
    x: Span,
    isTransposed: boolean,
    batch: number,
    columns: number,
    rows: number,
    use: (span: Span) => void,
  ): void {
    // a matrix with one row or column lies the same way both ways
    if (!isTransposed || rows === 1 || columns === 1) return use(x);
    const block = this.#heap.allocate(4 * x.size);
    try {
      const straight = { offset: block.offset, size: x.size };
      this.#c.transposeMatrices(x, straight, batch, columns, rows);
      use(straight);
    } finally {
      this.#heap.release(block);
    }
  }

  #inChunks(
    size: number,
    scratches: 1 | 2,
    work: (start: number, size: number, scratch: readonly [Span, Span]) => void,
  ): void {
    const room = Math.min(size, CHUNK);
    const block = this.#heap.allocate(4 * room * scratches);
    try {
      for (let start = 0; start < size; start += CHUNK) {
        const length = Math.min(CHUNK, size - start);
        const scratch = (index: number): Span => ({ offset: block.offset + 4 * room * index, size: length });
        work(start, length, [scratch(0), scratch(scratches - 1)]);
      }
    } finally {
      this.#heap.release(block);
    }
  }
}
