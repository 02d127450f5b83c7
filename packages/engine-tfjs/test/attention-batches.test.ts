import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadOnnxRuntime } from '../src/node/onnxruntime.ts';
import type { AttentionMask } from '../src/wasm/dense.ts';
import { WasmHeap, type Span } from '../src/wasm/heap.ts';
import { loadWasm, type LoadedWasm } from '../src/wasm/module.ts';
import { OnnxKernels } from '../src/wasm/onnx-kernels.ts';
import { numbers } from './support/engines.ts';

const SHAPE = { batch: 5, queries: 6, keys: 7, width: 8, heads: 2, scale: 0.5 };
const WEIGHTS = SHAPE.heads * SHAPE.queries * SHAPE.keys;

let wasm: LoadedWasm;
let heap: WasmHeap;
beforeAll(async () => {
  wasm = await loadWasm(undefined, undefined);
  heap = new WasmHeap(wasm.module, 2 ** 30);
});
afterAll(() => wasm.dispose());

function put(length: number, seed: number): Span {
  const span = { offset: heap.allocate(4 * length).offset, size: length };
  heap.float32(span).set(numbers(seed)([length]).data);
  return span;
}

/** The output and gradients of one attention, two samples at a time. */
async function attend(mostWeights: number, mask: AttentionMask | null): Promise<number[][]> {
  const kernels = new OnnxKernels(heap, await loadOnnxRuntime(1), mostWeights);
  const [long, wide] = [SHAPE.batch * SHAPE.keys * SHAPE.width, SHAPE.batch * SHAPE.queries * SHAPE.width];
  const inputs = { q: put(wide, 1), k: put(long, 2), v: put(long, 3), mask };
  const [out, gradient] = [put(wide, 4), put(wide, 5)];
  const gradients = { q: put(wide, 6), k: put(long, 7), v: put(long, 8) };
  kernels.attention(inputs, out, SHAPE);
  kernels.attentionGradient({ ...inputs, out, gradient }, gradients, SHAPE);
  kernels.dispose();
  return [out, gradients.q, gradients.k, gradients.v].map((span) => [...heap.float32(span)]);
}

const random = (length: number) => Uint8Array.from(numbers(9)([length]).data, (value) => Number(value > -0.5));
const MASKS: Readonly<Record<string, AttentionMask | null>> = {
  none: null,
  'one for all samples': { visible: random(42), shape: [1, 1, SHAPE.queries, SHAPE.keys] },
  'keys of each sample': { visible: random(35), shape: [SHAPE.batch, 1, 1, SHAPE.keys] },
  'queries and keys of each sample': { visible: random(210), shape: [SHAPE.batch, 1, SHAPE.queries, SHAPE.keys] },
};

test.each(Object.keys(MASKS))('a batch too large for one run gives what one run gives; mask: %s', async (name) => {
  const mask = MASKS[name] ?? null;
  const whole = await attend(WEIGHTS * SHAPE.batch, mask);
  for (const samples of [2, 1, 0.5]) expect(await attend(samples * WEIGHTS, mask)).toEqual(whole);
});
