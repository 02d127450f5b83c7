import { adamwInPlace, type AdamWNumbers } from '../loops/adamw.ts';
import { QUICK_GELU_SLOPE } from '../loops/activations.ts';
import type { OnnxGraph } from '../onnx/graph.ts';
import * as graphs from '../onnx/graphs.ts';
import type { OnnxRuntime, OnnxSession, OnnxTensor, OnnxTensors } from '../onnx/runtime.ts';
import type {
  AdamWSpans,
  AttentionInputs,
  AttentionMask,
  AttentionShape,
  DenseKernels,
  DenseUnary,
  MatmulShape,
} from './dense.ts';
import { part, type Span, type WasmHeap } from './heap.ts';

const OPERATORS = { exp: 'Exp', log: 'Log', erf: 'Erf', tanh: 'Tanh', sigmoid: 'Sigmoid' } as const;
/** Elements of an activation computed at a time: large enough for two threads, small enough for the cache. */
const CHUNK = 1 << 18;
/** Below this a loop is done before a run has started. */
const FEW = 1 << 11;
/** 128 MB, outside the heap. */
const MOST_WEIGHTS = 1 << 25;

/**
 * Dense kernels by onnxruntime, on views of the wasm heap: nothing is copied in or out. Each operation is a small graph,
 * loaded when first used.
 */
export class OnnxKernels implements DenseKernels {
  readonly description: string;
  readonly threads: number;
  readonly #heap: WasmHeap;
  readonly #runtime: OnnxRuntime;
  readonly #sessions = new Map<string, OnnxSession>();
  readonly #mostWeights: number;
  #ones = new Float32Array(0);

  /** `mostWeights`: how many attention weights one run may hold; more samples go in several runs. */
  constructor(heap: WasmHeap, runtime: OnnxRuntime, mostWeights = MOST_WEIGHTS) {
    this.#mostWeights = mostWeights;
    this.#heap = heap;
    this.#runtime = runtime;
    this.threads = runtime.threads;
    this.description = `onnxruntime-node ${runtime.version} GEMM`;
  }

  matmul(a: Span, b: Span, out: Span, { batch, m, k, n, transposeA, transposeB }: MatmulShape): void {
    if (out.size === 0) return;
    if (k === 0) {
      this.#heap.float32(out).fill(0);
      return;
    }
    const session = this.#matmulSession(transposeA, transposeB);
    const aTensor = this.#tensor(a, transposeA ? [batch, k, m] : [batch, m, k]);
    const bTensor = this.#tensor(b, transposeB ? [batch, n, k] : [batch, k, n]);
    session.run({ a: aTensor, b: bTensor }, { y: this.#tensor(out, [batch, m, n]) });
  }

  linear(x: Span, weight: Span, bias: Span | null, out: Span, rows: number, inputs: number, outputs: number): void {
    if (!bias) {
      const shape = { batch: 1, m: rows, k: inputs, n: outputs, transposeA: false, transposeB: true };
      return this.matmul(x, weight, out, shape);
    }
    const feeds = {
      x: this.#tensor(x, [rows, inputs]),
      weight: this.#tensor(weight, [outputs, inputs]),
      bias: this.#tensor(bias, [outputs]),
    };
    this.#session('linear', graphs.linearGraph).run(feeds, { y: this.#tensor(out, [rows, outputs]) });
  }

  /** A product with a row of ones: onnxruntime has no fast sum over rows. */
  columnSums(x: Span, out: Span, rows: number, columns: number): void {
    if (this.#ones.length < rows) this.#ones = new Float32Array(rows).fill(1);
    const ones = this.#runtime.float32(this.#ones.subarray(0, rows), [1, 1, rows]);
    const feeds = { a: ones, b: this.#tensor(x, [1, rows, columns]) };
    this.#matmulSession(false, false).run(feeds, { y: this.#tensor(out, [1, 1, columns]) });
  }

  softmax(x: Span, out: Span, rows: number, columns: number): void {
    if (x.size === 0) return;
    const feeds = { x: this.#tensor(x, [rows, columns]) };
    this.#session('softmax', graphs.softmaxGraph).run(feeds, { y: this.#tensor(out, [rows, columns]) });
  }

  unary(name: DenseUnary, x: Span, out: Span): void {
    this.#inChunks(
      this.#session(name, () => graphs.unaryGraph(OPERATORS[name])),
      { x },
      { y: out },
    );
  }

  gelu(x: Span, out: Span): void {
    this.#inChunks(
      this.#session('gelu', () => graphs.unaryGraph('Gelu', 'microsoft')),
      { x },
      { y: out },
    );
  }

  geluGradient(x: Span, gradient: Span, out: Span): void {
    this.#inChunks(this.#session('geluGradient', graphs.geluGradientGraph), { x, dy: gradient }, { y: out });
  }

  quickGelu(x: Span, out: Span): void {
    this.#inChunks(
      this.#session('quickGelu', () => graphs.quickGeluGraph(QUICK_GELU_SLOPE)),
      { x },
      { y: out },
    );
  }

  quickGeluGradient(x: Span, gradient: Span, out: Span): void {
    const session = this.#session('quickGeluGradient', () => graphs.quickGeluGradientGraph(QUICK_GELU_SLOPE));
    this.#inChunks(session, { x, dy: gradient }, { y: out });
  }

  attention({ mask, ...inputs }: AttentionInputs, out: Span, shape: AttentionShape): void {
    const session = this.#attentionSession('attention', graphs.attentionGraph, shape, mask !== null);
    this.#inBatches(session, inputs, mask, { out }, shape);
  }

  attentionGradient(
    { mask, gradient, ...inputs }: AttentionInputs & { readonly out: Span; readonly gradient: Span },
    gradients: { readonly q: Span; readonly k: Span; readonly v: Span },
    shape: AttentionShape,
  ): void {
    const session = this.#attentionSession('attentionGradient', graphs.attentionGradientGraph, shape, mask !== null);
    const outputs = { dq: gradients.q, dk: gradients.k, dv: gradients.v };
    this.#inBatches(session, { ...inputs, dy: gradient }, mask, outputs, shape);
  }

  adamw({ p, gradient, m, v }: AdamWSpans, numbers: AdamWNumbers): void {
    if (p.size < FEW) {
      const view = (span: Span) => this.#heap.float32(span);
      return adamwInPlace(view(p), view(gradient), view(m), view(v), numbers);
    }
    const scalar = (value: number) => this.#runtime.float32(Float32Array.of(value), []);
    const scalars = mapValues({ ...numbers, rest1: 1 - numbers.beta1, rest2: 1 - numbers.beta2 }, scalar);
    const session = this.#session('adamw', graphs.adamwGraph);
    this.#inChunks(session, { p, gradient, m, v }, { newP: p, newM: m, newV: v }, scalars);
  }

  dispose(): void {
    for (const session of this.#sessions.values()) session.dispose();
    this.#sessions.clear();
  }

  #session(key: string, build: () => OnnxGraph): OnnxSession {
    const known = this.#sessions.get(key);
    if (known) return known;
    const session = this.#runtime.session(build().model());
    this.#sessions.set(key, session);
    return session;
  }

  #matmulSession(transposeA: boolean, transposeB: boolean): OnnxSession {
    return this.#session(`matmul ${transposeA} ${transposeB}`, () => graphs.matmulGraph(transposeA, transposeB));
  }

  #attentionSession(
    name: string,
    build: (options: graphs.AttentionGraphOptions) => OnnxGraph,
    { heads, width, scale }: AttentionShape,
    isMasked: boolean,
  ): OnnxSession {
    const options = { heads, headWidth: width / heads, scale, isMasked };
    return this.#session(`${name} ${JSON.stringify(options)}`, () => build(options));
  }

  #tensor(span: Span, shape: readonly number[]): OnnxTensor {
    return this.#runtime.float32(this.#heap.float32(span), shape);
  }

  /** Runs an elementwise graph a piece at a time; all spans have one size. */
  #inChunks(
    session: OnnxSession,
    inputs: Readonly<Record<string, Span>>,
    outputs: Readonly<Record<string, Span>>,
    scalars: OnnxTensors = {},
  ): void {
    const total = Object.values(outputs)[0]?.size ?? 0;
    for (let start = 0; start < total; start += CHUNK) {
      const size = Math.min(CHUNK, total - start);
      const piece = (span: Span) => this.#tensor(part(span, start, size), [size]);
      session.run({ ...mapValues(inputs, piece), ...scalars }, mapValues(outputs, piece));
    }
  }

  #inBatches(
    session: OnnxSession,
    inputs: Readonly<Record<string, Span>>,
    mask: AttentionMask | null,
    outputs: Readonly<Record<string, Span>>,
    { batch, queries, keys, width, heads }: AttentionShape,
  ): void {
    const atOnce = Math.max(1, Math.floor(this.#mostWeights / (heads * queries * keys)));
    for (let first = 0; first < batch; first += atOnce) {
      const samples = Math.min(atOnce, batch - first);
      const piece = (span: Span) => {
        const tokens = span.size / (batch * width);
        const size = tokens * width;
        return this.#tensor(part(span, first * size, samples * size), [samples, tokens, width]);
      };
      const feeds = mapValues(inputs, piece);
      session.run(mask ? { ...feeds, mask: this.#mask(mask, first, samples) } : feeds, mapValues(outputs, piece));
    }
  }

  #mask({ visible, shape: [samples, , queries, keys] }: AttentionMask, first: number, count: number): OnnxTensor {
    if (samples === 1) return this.#runtime.bool(visible, [1, 1, queries, keys]);
    const size = queries * keys;
    return this.#runtime.bool(visible.subarray(first * size, (first + count) * size), [count, 1, queries, keys]);
  }
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
