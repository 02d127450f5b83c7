// @ts-check
/**
 * Our side of `torch-compare.mjs`: one case on the engine "torch", run once for each line that comes in, with its seconds
 * on the line that goes out. The other side is `pytorch_vit.py`.
 *
 *   node bench/torch-vit.mjs CASE [--threads 2]
 *   node bench/torch-vit.mjs CASE --shares 5   where the time of 5 passes goes
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import {
  cast,
  mean,
  readScalar,
  scope,
  setEngine,
  square,
  tensor,
  valueAndGrad,
} from '../packages/tensor/dist/index.js';
import { createTorchEngine } from '../packages/engine-torch/dist/index.node.js';
import { Block, initialize, xavierUniform } from '../packages/nn/dist/index.js';
import { AdamW } from '../packages/trainer/dist/index.node.js';
import { printShares, watchedEngine } from './torch-shares.mjs';

/**
 * @typedef {object} Case
 * @property {number} width
 * @property {number} heads
 * @property {number} depth
 * @property {number} batch
 * @property {number} tokens
 * @property {'float32' | 'bfloat16'} precision
 * @property {'forward' | 'backward' | 'step'} work
 * @property {number} repeats how often in one pass
 */

/** @type {Readonly<Record<string, Case>>} the same as in pytorch_vit.py */
const CASES = JSON.parse(readFileSync(new URL('torch-cases.json', import.meta.url), 'utf8'));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    shares: { type: 'string' },
  },
});
const chosen = CASES[positionals[0] ?? ''];
if (!chosen) throw new Error(`no case '${positionals[0]}'; there is ${Object.keys(CASES).join(', ')}`);
const { width, heads, depth, batch, tokens, precision, work, repeats } = chosen;

const threads = Number(values.threads);
const { engine, watch } =
  values.shares === undefined
    ? { engine: await createTorchEngine({ device: 'cpu', threads }) }
    : await watchedEngine(threads);
setEngine(engine);
const blocks = Array.from({ length: depth }, (_, index) => {
  const block = new Block({ width, heads });
  initialize(block, index, (_name, { shape }) => (shape.length === 2 ? xavierUniform : null));
  return block;
});
const parameters = new Map(
  blocks.flatMap((block, index) => [...block.parameters()].map(([name, one]) => [`${index}.${name}`, one])),
);
const optimizer = work === 'step' ? new AdamW(parameters) : undefined;
const numbers = new Float32Array(batch * tokens * width);
for (let i = 0; i < numbers.length; i++) numbers[i] = Math.sin(i * 0.37) + Math.cos(i * 0.0013);
const x = tensor(numbers, [batch, tokens, width]);
const allowed = tensor([1], [], 'bool');

function forward() {
  return scope(() => blocks.reduce((y, block) => block.forward(y), cast(x, precision)));
}

function loss() {
  return scope(() => mean(square(cast(forward(), 'float32'))));
}

/** @returns {number | undefined} the loss where there is one */
async function once() {
  if (work === 'forward') {
    scope(() => void forward());
    return undefined;
  }
  const value = scope(() => {
    const sources = [...parameters.values()];
    if (!optimizer) {
      return valueAndGrad(loss, sources, { onGradient: (_, gradient) => gradient.dispose() }).value;
    }
    const { value, gradients } = valueAndGrad(
      loss,
      optimizer.parameters.map(({ parameter }) => parameter),
    );
    optimizer.update(gradients, { learningRate: 1e-4, weightDecay: 0.05 }, allowed);
    return value;
  });
  const number = await readScalar(value);
  value.dispose();
  return number;
}

const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;

if (watch) await printShares(watch, once, Number(values.shares));
else {
  console.log(JSON.stringify({ ready: engine.capabilities.deviceName }));
  createInterface({ input: process.stdin }).on('line', () => void pass());
}

async function pass() {
  const start = performance.now();
  const before = process.cpuUsage();
  let last;
  for (let i = 0; i < repeats; i++) last = await once();
  const seconds = (performance.now() - start) / 1000 / repeats;
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6 / repeats;
  console.log(JSON.stringify({ seconds, cpuSeconds, loss: last, peakBytes: peak() }));
}
