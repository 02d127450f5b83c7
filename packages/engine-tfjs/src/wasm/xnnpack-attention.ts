import type { Shape } from '@umt/tensor';
import { scaleInto } from '../loops/activations.ts';
import { overwriteHidden, rowDots, scoreGradient } from '../loops/attention.ts';
import type { CKernels } from './c-kernels.ts';
import { HIDDEN_SCORE, type AttentionInputs, type AttentionShape } from './dense.ts';
import { part, type Span, type WasmHeap } from './heap.ts';
import { transposeSpan } from './transpose.ts';

/** Heads first, each head's matrix as it lies ([tokens, head width]) or swapped ([head width, tokens]). */
const BY_HEAD = [0, 2, 1, 3];
const BY_HEAD_SWAPPED = [0, 2, 3, 1];
const FROM_SWAPPED = [0, 3, 1, 2];

/**
 * Attention without onnxruntime: one head of one sample at a time, so that [queries, keys] is the largest intermediate.
 * The gradients of k and v are computed swapped, as XNNPACK only takes matrices as they lie and a head is narrow.
 */
export class XnnpackAttention {
  readonly #heap: WasmHeap;
  readonly #c: CKernels;

  constructor(heap: WasmHeap, c: CKernels) {
    this.#heap = heap;
    this.#c = c;
  }

  /** softmax(scale q k^T + mask) v for all heads, into `out`: [batch, queries, width]. */
  forward({ q, k, v, mask }: AttentionInputs, out: Span, shape: AttentionShape): void {
    const { queries, keys, heads, scale } = shape;
    const head = shape.width / heads;
    this.#withScratch([q.size, k.size, v.size, out.size, queries * keys], ([qh, kt, vh, oh, weights]) => {
      this.#split(q, qh, queries, BY_HEAD, shape);
      this.#split(k, kt, keys, BY_HEAD_SWAPPED, shape);
      this.#split(v, vh, keys, BY_HEAD, shape);
      scaleInto(this.#view(qh), scale, this.#view(qh));
      for (let index = 0; index < shape.batch * heads; index++) {
        const of = (span: Span, tokens: number) => part(span, index * tokens * head, tokens * head);
        this.#weights(of(qh, queries), of(kt, keys), weights, mask, index, shape);
        this.#c.matmul(weights, of(vh, keys), of(oh, queries), queries, keys, head);
      }
      this.#transpose(oh, [shape.batch, heads, queries, head], BY_HEAD, out);
    });
  }

  /** The gradients of q, k and v, from those of `out`; the weights are computed again, not kept. */
  backward(
    inputs: AttentionInputs & { readonly out: Span; readonly gradient: Span },
    gradients: { readonly q: Span; readonly k: Span; readonly v: Span },
    shape: AttentionShape,
  ): void {
    const { q, k, v, out, gradient, mask } = inputs;
    const { batch, queries, keys, heads, scale } = shape;
    const head = shape.width / heads;
    const [wide, long] = [q.size, k.size];
    const square = queries * keys;
    const rows = batch * heads * queries;
    const sizes = [wide, wide, long, long, long, wide, wide, wide, wide, long, long, rows, square, square] as const;
    this.#withScratch(sizes, ([qh, qt, kh, kt, vt, dyh, dyt, oh, dq, dk, dv, along, weights, scores]) => {
      this.#split(q, qh, queries, BY_HEAD, shape);
      this.#split(q, qt, queries, BY_HEAD_SWAPPED, shape);
      this.#split(k, kh, keys, BY_HEAD, shape);
      this.#split(k, kt, keys, BY_HEAD_SWAPPED, shape);
      this.#split(v, vt, keys, BY_HEAD_SWAPPED, shape);
      this.#split(gradient, dyh, queries, BY_HEAD, shape);
      this.#split(gradient, dyt, queries, BY_HEAD_SWAPPED, shape);
      this.#split(out, oh, queries, BY_HEAD, shape);
      scaleInto(this.#view(qh), scale, this.#view(qh));
      rowDots(this.#view(dyh), this.#view(oh), this.#view(along), head);
      for (let index = 0; index < batch * heads; index++) {
        const of = (span: Span, tokens: number) => part(span, index * tokens * head, tokens * head);
        this.#weights(of(qh, queries), of(kt, keys), weights, mask, index, shape);
        this.#c.matmul(of(dyt, queries), weights, of(dv, keys), head, queries, keys);
        this.#c.matmul(of(dyh, queries), of(vt, keys), scores, queries, head, keys);
        const means = this.#view(part(along, index * queries, queries));
        scoreGradient(this.#view(weights), this.#view(scores), means, scale, keys);
        // the scores of a query that sees no key are constants
        if (mask) overwriteHidden(this.#view(scores), mask, Math.floor(index / heads), queries, keys, 0);
        this.#c.matmul(scores, of(kh, keys), of(dq, queries), queries, keys, head);
        this.#c.matmul(of(qt, queries), scores, of(dk, keys), head, queries, keys);
      }
      this.#transpose(dq, [batch, heads, queries, head], BY_HEAD, gradients.q);
      this.#transpose(dk, [batch, heads, head, keys], FROM_SWAPPED, gradients.k);
      this.#transpose(dv, [batch, heads, head, keys], FROM_SWAPPED, gradients.v);
    });
  }

  /** weights [queries, keys] of one head: softmax of the scaled queries times the keys. */
  #weights(
    q: Span,
    kSwapped: Span,
    weights: Span,
    mask: AttentionInputs['mask'],
    index: number,
    { queries, keys, heads, width }: AttentionShape,
  ): void {
    this.#c.matmul(q, kSwapped, weights, queries, width / heads, keys);
    if (mask) overwriteHidden(this.#view(weights), mask, Math.floor(index / heads), queries, keys, HIDDEN_SCORE);
    this.#c.softmax(weights, weights, queries, keys);
  }

  #split(x: Span, out: Span, tokens: number, order: readonly number[], { batch, heads, width }: AttentionShape): void {
    this.#transpose(x, [batch, tokens, heads, width / heads], order, out);
  }

  #transpose(x: Span, shape: Shape, order: readonly number[], out: Span): void {
    transposeSpan(this.#c, this.#heap, x, shape, order, out);
  }

  #view(span: Span): Float32Array {
    return this.#heap.float32(span);
  }

  #withScratch<const S extends readonly number[]>(
    sizes: S,
    use: (spans: { readonly [I in keyof S]: Span }) => void,
  ): void {
    const blocks = [];
    try {
      for (const size of sizes) blocks.push({ block: this.#heap.allocate(4 * size), size });
      const spans = blocks.map(({ block, size }) => ({ offset: block.offset, size }));
      use(spans as unknown as { readonly [I in keyof S]: Span });
    } finally {
      for (const { block } of blocks) this.#heap.release(block);
    }
  }
}
