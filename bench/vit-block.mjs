// @ts-check
/**
 * A base ViT block (768 wide, 12 heads, MLP 4x, exact GELU, pre-norm) on 1568 tokens: forward, and forward and backward,
 * on the wasm engine, against onnxruntime-node's own matrix product 1568 x 768 x 3072 in the same run. The two alternate,
 * so that a busy machine slows both.
 *
 *   pnpm build && node bench/vit-block.mjs [--rounds 7] [--threads 2] [--xnnpack] [--stock] [--json FILE] [--minimum 0.45]
 *
 * --xnnpack also times the path without onnxruntime-node, --stock the same block in TensorFlow.js's own wasm kernels with
 * its own gradient formulas (half a minute a pass). With --minimum the exit code is 1 when the ratio is below it.
 * FLOPs: forward 2 N 12 D^2 + 4 N^2 D, and twice that backward.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import {
  attention,
  add,
  gelu,
  layerNorm,
  linear,
  mean,
  scope,
  setEngine,
  split,
  square,
  tensor,
  valueAndGrad,
} from '../packages/tensor/dist/index.js';
import { createWasmEngine } from '../packages/engine-tfjs/dist/index.node.js';
import { createProduct } from './onnxruntime-product.mjs';
import { createStockBlock } from './stock-block.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: String(availableParallelism()) },
    tokens: { type: 'string', default: '1568' },
    xnnpack: { type: 'boolean', default: false },
    stock: { type: 'boolean', default: false },
    json: { type: 'string' },
    minimum: { type: 'string' },
  },
});

const ROUNDS = Number(options.rounds);
const THREADS = Number(options.threads);
const N = Number(options.tokens);
const D = 768;
const HEADS = 12;
const FORWARD_FLOPS = 2 * N * 12 * D * D + 4 * N * N * D;
const PRODUCT = { m: 1568, k: 768, n: 3072 };

/** The parameters of a block, in PyTorch's layout, and its input. */
const SHAPES = {
  'norm1.weight': [D],
  'norm1.bias': [D],
  'qkv.weight': [3 * D, D],
  'qkv.bias': [3 * D],
  'proj.weight': [D, D],
  'proj.bias': [D],
  'norm2.weight': [D],
  'norm2.bias': [D],
  'fc1.weight': [4 * D, D],
  'fc1.bias': [4 * D],
  'fc2.weight': [D, 4 * D],
  'fc2.bias': [D],
  x: [1, N, D],
};

const data = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape]) => [
    name,
    noise(shape, name.endsWith('weight') && shape.length === 2 ? 0.05 : 1),
  ]),
);

/** Numbers in (-scale, scale) from a linear congruential generator. */
function noise(/** @type {readonly number[]} */ shape, /** @type {number} */ scale) {
  const values = new Float32Array(shape.reduce((size, length) => size * length, 1));
  for (let i = 0, state = 1; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = scale * (state / 2 ** 31 - 1);
  }
  return values;
}

/** @param {import('../packages/tensor/dist/index.js').Engine} engine */
function createBlock(engine) {
  setEngine(engine);
  const tensors = Object.fromEntries(Object.entries(SHAPES).map(([name, shape]) => [name, tensor(data[name], shape)]));
  const { x, ...parameters } = tensors;
  const of = (/** @type {string} */ name) =>
    /** @type {const} */ ([tensors[`${name}.weight`], tensors[`${name}.bias`]]);
  const forward = () =>
    scope(() => {
      const [q, k, v] = split(linear(layerNorm(x, ...of('norm1'), 1e-6), ...of('qkv')), 3);
      const mixed = add(x, linear(attention(q, k, v, { heads: HEADS }), ...of('proj')));
      const hidden = gelu(linear(layerNorm(mixed, ...of('norm2'), 1e-6), ...of('fc1')));
      return add(mixed, linear(hidden, ...of('fc2')));
    });
  return {
    forward: () => scope(() => void forward()),
    both: () =>
      scope(() => {
        valueAndGrad(() => mean(square(forward())), Object.values(parameters), {
          onGradient: (_, gradient) => gradient.dispose(),
        });
      }),
  };
}

const seconds = (/** @type {() => unknown} */ run) => {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
};
const median = (/** @type {readonly number[]} */ values) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

const engine = await createWasmEngine({ gemm: 'onnxruntime', threads: THREADS });
const block = createBlock(engine);
const product = await createProduct(PRODUCT, THREADS);
console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}; ${engine.capabilities.deviceName}; ${N} tokens`,
);

// the first passes fault pages in and compile
for (let i = 0; i < 2; i++) [product, block.forward, block.both].forEach(seconds);
/** @type {{ product: number[], forward: number[], both: number[] }} */
const times = { product: [], forward: [], both: [] };
for (let round = 0; round < ROUNDS; round++) {
  times.product.push(seconds(product), seconds(product), seconds(product));
  times.forward.push(seconds(block.forward));
  times.product.push(seconds(product), seconds(product), seconds(product));
  times.both.push(seconds(block.both));
}

const productRate = (2 * PRODUCT.m * PRODUCT.k * PRODUCT.n) / median(times.product) / 1e9;
const rates = {
  forward: FORWARD_FLOPS / median(times.forward) / 1e9,
  both: (3 * FORWARD_FLOPS) / median(times.both) / 1e9,
};
const ratio = rates.both / productRate;
const result = {
  machine: { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, threads: THREADS },
  device: engine.capabilities.deviceName,
  tokens: N,
  rounds: ROUNDS,
  onnxruntimeProduct: { ...PRODUCT, medianMs: 1000 * median(times.product), gflops: productRate },
  forward: { medianMs: 1000 * median(times.forward), gflops: rates.forward, ratio: rates.forward / productRate },
  forwardAndBackward: { medianMs: 1000 * median(times.both), gflops: rates.both, ratio },
  heapMegabytes: engine.memory().reservedBytes / 2 ** 20,
  /** @type {Record<string, { forwardAndBackwardMs: number, slowdown: number }>} */
  others: {},
};

if (options.xnnpack) {
  const plain = createBlock(await createWasmEngine({ gemm: 'xnnpack' }));
  plain.both();
  compare('xnnpack', plain.both, 3);
}
if (options.stock) {
  const stock = await createStockBlock(data, SHAPES, HEADS);
  compare('stock tfjs wasm', stock, 1);
}

/** Times another way to run the same block. */
function compare(/** @type {string} */ name, /** @type {() => unknown} */ both, /** @type {number} */ rounds) {
  const time = median(Array.from({ length: rounds }, () => seconds(both)));
  result.others[name] = { forwardAndBackwardMs: 1000 * time, slowdown: time / median(times.both) };
}

const ms = (/** @type {number} */ value) => `${value.toFixed(1)} ms`;
const percent = (/** @type {number} */ value) => `${(100 * value).toFixed(1)} %`;
const row = (
  /** @type {string} */ name,
  /** @type {{ medianMs: number, gflops: number, ratio?: number }} */ { medianMs, gflops, ratio = 1 },
) =>
  console.log(
    `${name.padEnd(26)} ${ms(medianMs).padStart(12)} ${gflops.toFixed(0).padStart(6)} GFLOP/s ${percent(ratio).padStart(8)}`,
  );
row('onnxruntime matrix product', result.onnxruntimeProduct);
row('block forward', result.forward);
row('block forward and backward', result.forwardAndBackward);
console.log(`heap ${result.heapMegabytes.toFixed(0)} MB`);
for (const [name, { forwardAndBackwardMs, slowdown }] of Object.entries(result.others)) {
  console.log(`${name}: ${ms(forwardAndBackwardMs)}, ${slowdown.toFixed(1)} times slower`);
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
engine.dispose();
if (options.minimum && ratio < Number(options.minimum)) {
  console.error(
    `forward and backward reach ${percent(ratio)} of onnxruntime's own product, below ${percent(Number(options.minimum))}`,
  );
  process.exitCode = 1;
}
