import type { AdamWNumbers } from '../loops/adamw.ts';
import { HIDDEN_SCORE } from '../wasm/dense.ts';
import { float, int, ints, OnnxGraph, type OnnxValue } from './graph.ts';

/** a [batch, ..] x b [batch, ..] -> y, either side read transposed. */
export function matmulGraph(transposeA: boolean, transposeB: boolean): OnnxGraph {
  const graph = new OnnxGraph();
  const inputs = [graph.input('a', 3), graph.input('b', 3)];
  graph.output('y', 3, graph.microsoft('FusedMatMul', inputs, { transA: int(transposeA), transB: int(transposeB) }));
  return graph;
}

/** y = x times the transpose of weight, plus bias. */
export function linearGraph(): OnnxGraph {
  const graph = new OnnxGraph();
  const inputs = [graph.input('x', 2), graph.input('weight', 2), graph.input('bias', 1)];
  graph.output('y', 2, graph.node('Gemm', inputs, { transB: int(1) }));
  return graph;
}

/** y = f(x) for one operator, e.g. Exp; onnxruntime's own ones in its domain. */
export function unaryGraph(operator: string, domain: 'onnx' | 'microsoft' = 'onnx'): OnnxGraph {
  const graph = new OnnxGraph();
  const x = graph.input('x', 1);
  graph.output('y', 1, domain === 'onnx' ? graph.node(operator, [x]) : graph.microsoft(operator, [x]));
  return graph;
}

/** y = softmax of each row of x. */
export function softmaxGraph(): OnnxGraph {
  const graph = new OnnxGraph();
  graph.output('y', 2, graph.node('Softmax', [graph.input('x', 2)], { axis: int(-1) }));
  return graph;
}

/** y = dy (Phi(x) + x phi(x)), the normal distribution and its density. */
export function geluGradientGraph(): OnnxGraph {
  const graph = new OnnxGraph();
  const [x, dy] = [graph.input('x', 1), graph.input('dy', 1)];
  const multiply = (a: OnnxValue, b: OnnxValue) => graph.node('Mul', [a, b]);
  const erf = graph.node('Erf', [multiply(x, graph.scalar(Math.SQRT1_2))]);
  const cumulative = multiply(graph.node('Add', [erf, graph.scalar(1)]), graph.scalar(0.5));
  const bell = graph.node('Exp', [multiply(multiply(x, x), graph.scalar(-0.5))]);
  const density = multiply(bell, graph.scalar(1 / Math.sqrt(2 * Math.PI)));
  graph.output('y', 1, multiply(dy, graph.node('Add', [cumulative, multiply(x, density)])));
  return graph;
}

/** y = x sigmoid(slope x) */
export function quickGeluGraph(slope: number): OnnxGraph {
  const graph = new OnnxGraph();
  graph.output('y', 1, graph.microsoft('QuickGelu', [graph.input('x', 1)], { alpha: float(slope) }));
  return graph;
}

/** y = dy g (1 + slope x (1 - g)) with g = sigmoid(slope x) */
export function quickGeluGradientGraph(slope: number): OnnxGraph {
  const graph = new OnnxGraph();
  const [x, dy] = [graph.input('x', 1), graph.input('dy', 1)];
  const multiply = (a: OnnxValue, b: OnnxValue) => graph.node('Mul', [a, b]);
  const one = graph.scalar(1);
  const scaled = multiply(x, graph.scalar(slope));
  const gate = graph.node('Sigmoid', [scaled]);
  const rest = graph.node('Add', [one, multiply(scaled, graph.node('Sub', [one, gate]))]);
  graph.output('y', 1, multiply(dy, multiply(gate, rest)));
  return graph;
}

/**
 * One AdamW update of p, m, v with gradient g, each number an input of its own. Every input is read by one node only,
 * before the output of the same place is written: outputs may lie where p, m and v do.
 */
export function adamwGraph(): OnnxGraph {
  const graph = new OnnxGraph();
  const [p, m, v] = ['p', 'm', 'v'].map((name) => graph.input(name, 1)) as [OnnxValue, OnnxValue, OnnxValue];
  const scalar = (name: keyof AdamWNumbers | 'rest1' | 'rest2') => graph.input(name, 0);
  const multiply = (a: OnnxValue, b: OnnxValue) => graph.node('Mul', [a, b]);
  const gradient = multiply(graph.input('gradient', 1), scalar('gradientScale'));
  const first = graph.node('Add', [multiply(m, scalar('beta1')), multiply(gradient, scalar('rest1'))]);
  const squares = multiply(multiply(gradient, gradient), scalar('rest2'));
  const second = graph.node('Add', [multiply(v, scalar('beta2')), squares]);
  const deviation = multiply(graph.node('Sqrt', [second]), scalar('correction'));
  const step = graph.node('Div', [multiply(first, scalar('rate')), graph.node('Add', [deviation, scalar('epsilon')])]);
  graph.output('newM', 1, first);
  graph.output('newV', 1, second);
  graph.output('newP', 1, graph.node('Sub', [multiply(p, scalar('keep')), step]));
  return graph;
}

/** What an attention graph is built for; lengths stay free. */
export interface AttentionGraphOptions {
  readonly heads: number;
  readonly headWidth: number;
  readonly scale: number;
  readonly isMasked: boolean;
}

/** Attention of q, k, v [B, N, D] -> out [B, Nq, D]; unmasked it is onnxruntime's blockwise kernel, which never holds the weights. */
export function attentionGraph(options: AttentionGraphOptions): OnnxGraph {
  const graph = new OnnxGraph();
  const [q, k, v] = ['q', 'k', 'v'].map((name) => graph.input(name, 3)) as [OnnxValue, OnnxValue, OnnxValue];
  if (!options.isMasked) {
    const attributes = { num_heads: int(options.heads), scale: float(options.scale) };
    graph.output('out', 3, graph.microsoft('MultiHeadAttention', [q, k, v], attributes));
    return graph;
  }
  const [qh, kh, vh] = [q, k, v].map((x) => splitHeads(graph, x, options)) as [OnnxValue, OnnxValue, OnnxValue];
  const weights = attentionWeights(graph, qh, kh, graph.input('mask', 4, 'bool'), options);
  const mixed = graph.node('MatMul', [weights, vh]);
  graph.output('out', 3, mergeHeads(graph, mixed, options));
  return graph;
}

/** Gradients dq, dk, dv from q, k, v, the output and its gradient dy, all [B, N, D]. */
export function attentionGradientGraph(options: AttentionGraphOptions): OnnxGraph {
  const graph = new OnnxGraph();
  const [q, k, v, out, dy] = ['q', 'k', 'v', 'out', 'dy'].map((name) =>
    splitHeads(graph, graph.input(name, 3), options),
  ) as [OnnxValue, OnnxValue, OnnxValue, OnnxValue, OnnxValue];
  const mask = options.isMasked ? graph.input('mask', 4, 'bool') : null;
  const weights = attentionWeights(graph, q, k, mask, options);
  const scale = { alpha: float(options.scale) };
  const transA = { transA: int(1) };
  // the weighted mean of each row's gradient is dy . out, which spares a pass over all weights
  const along = graph.node('ReduceSum', [graph.node('Mul', [dy, out]), graph.integers(-1)], { keepdims: int(1) });
  const weightGradient = graph.microsoft('FusedMatMul', [dy, v], { transB: int(1) });
  const everywhere = graph.node('Mul', [weights, graph.node('Sub', [weightGradient, along])]);
  // the scores of a query that sees no key are constants
  const scores = mask ? graph.node('Where', [mask, everywhere, graph.scalar(0)]) : everywhere;
  const gradients = {
    dq: graph.microsoft('FusedMatMul', [scores, k], scale),
    dk: graph.microsoft('FusedMatMul', [scores, q], { ...scale, ...transA }),
    dv: graph.microsoft('FusedMatMul', [weights, dy], transA),
  };
  for (const [name, gradient] of Object.entries(gradients)) {
    graph.output(name, 3, mergeHeads(graph, gradient, options));
  }
  return graph;
}

/** softmax(scale q k^T) [B, heads, Nq, Nk] with hidden keys at the lowest score. */
function attentionWeights(
  graph: OnnxGraph,
  q: OnnxValue,
  k: OnnxValue,
  mask: OnnxValue | null,
  { scale }: AttentionGraphOptions,
): OnnxValue {
  const products = graph.microsoft('FusedMatMul', [q, k], { transB: int(1), alpha: float(scale) });
  const scores = mask ? graph.node('Where', [mask, products, graph.scalar(HIDDEN_SCORE)]) : products;
  return graph.node('Softmax', [scores], { axis: int(-1) });
}

/** [B, N, D] -> [B, heads, N, D / heads] */
function splitHeads(graph: OnnxGraph, x: OnnxValue, { heads, headWidth }: AttentionGraphOptions): OnnxValue {
  const byHead = graph.node('Reshape', [x, graph.integers(0, 0, heads, headWidth)]);
  return graph.node('Transpose', [byHead], { perm: ints(0, 2, 1, 3) });
}

/** [B, heads, N, D / heads] -> [B, N, D] */
function mergeHeads(graph: OnnxGraph, x: OnnxValue, { heads, headWidth }: AttentionGraphOptions): OnnxValue {
  const byToken = graph.node('Transpose', [x], { perm: ints(0, 2, 1, 3) });
  return graph.node('Reshape', [byToken, graph.integers(0, 0, heads * headWidth)]);
}
