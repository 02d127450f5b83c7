// @ts-check
/**
 * Whole stage-1 steps of UMT-B/16 by CLIP B/16 on one clip of 8 frames of 224 x 224, 80 % of the tokens dropped: teacher,
 * mask, student, gradients, AdamW. They run in a worker, as in a real run, while this thread measures how long it is kept
 * from its own work.
 *
 *   pnpm build && node bench/b16-step.mjs [--steps 3] [--gemm onnxruntime|xnnpack] [--json FILE] [--check]
 *
 * With --check the exit code is 1 when the wasm heap grows past 4 GB or this thread is held up for more than 50 ms. On a
 * busy machine every thread is held up now and then; an idle process beside this one tells how much of that there was, and
 * where it was held up as long, the 99th percentile is checked instead of the longest.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { loadEngine } from '../packages/runtime/dist/index.node.js';
import { setEngine } from '../packages/tensor/dist/index.js';
import { serveRun, startRun, train } from '../packages/trainer/dist/index.node.js';
import {
  buildStudent,
  buildTeacher,
  createPretrainTask,
  pretrainB16,
  trainOptionsOf,
} from '../packages/unmasked-teacher/dist/index.node.js';

const HEAP_LIMIT_BYTES = 4e9;
const STALL_LIMIT_MS = 50;
/** How often this thread looks at the clock. */
const TICK_MS = 5;

/** @typedef {{ readonly steps: number, readonly gemm: 'onnxruntime' | 'xnnpack' }} Order */

if (!isMainThread) serveRun(work);
else if (process.env['UMT_BENCH_IDLE']) stayIdle();
else await main();

async function main() {
  const { values } = parseArgs({
    options: {
      steps: { type: 'string', default: '3' },
      gemm: { type: 'string', default: 'onnxruntime' },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  });
  const idle = fork(fileURLToPath(import.meta.url), { env: { ...process.env, UMT_BENCH_IDLE: '1' } });
  await once(idle, 'message');
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  /** @type {Order} */
  const order = { steps: Number(values.steps), gemm: values.gemm === 'xnnpack' ? 'xnnpack' : 'onnxruntime' };
  /** @type {import('../packages/trainer/dist/index.node.js').RunHandle<Awaited<ReturnType<typeof work>>>} */
  const handle = startRun(new URL(import.meta.url), order, {
    onEvent({ type }) {
      if (type !== 'start') return;
      delay.enable();
      idle.send('start');
    },
  });
  const measured = await handle.result;
  delay.disable();
  idle.send('stop');
  const [idleStalls] = await once(idle, 'message');
  const report = {
    bench: 'b16-step',
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    node: process.versions.node,
    ...measured,
    mainThread: stalls(delay),
    idleProcess: idleStalls,
  };
  console.log(JSON.stringify(report, null, 2));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  const isNoisy = report.idleProcess.longestStallMs > STALL_LIMIT_MS;
  const stall = isNoisy ? report.mainThread.stall99Ms : report.mainThread.longestStallMs;
  if (values.check && !(report.heapBytes < HEAP_LIMIT_BYTES && stall <= STALL_LIMIT_MS)) process.exitCode = 1;
}

/** A process that does nothing but look at the clock, as this one's main thread does. */
function stayIdle() {
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  process.on('message', (message) => {
    if (message === 'start') return void delay.enable();
    process.send?.(stalls(delay), () => process.exit());
  });
  process.send?.('ready');
}

/** @param {import('node:perf_hooks').IntervalHistogram} delay */
function stalls(delay) {
  const beyondTick = (/** @type {number} */ nanoseconds) => Math.max(0, nanoseconds / 1e6 - TICK_MS);
  return { longestStallMs: beyondTick(delay.max), stall99Ms: beyondTick(delay.percentile(99)), looks: delay.count };
}

/** @param {Order} order @param {import('../packages/trainer/dist/index.node.js').RunControl} control */
async function work({ steps, gemm }, { emit }) {
  const config = pretrainB16({
    batch: { size: 1, accumulation: 1 },
    schedule: { epochs: 1, warmupEpochs: 0 },
    data: { workers: 0 },
  });
  const { engine, picked } = await loadEngine({ device: 'wasm', gemm });
  setEngine(engine);
  const student = buildStudent(config);
  const task = createPretrainTask({ student, teacher: await buildTeacher(config, null), config });
  const shape = [1, config.video.frames, config.video.size, config.video.size, 3];
  const video = new Float32Array(shape.reduce((a, b) => a * b));
  for (let i = 0; i < video.length; i++) video[i] = Math.sin(i * 0.37) + Math.cos(i * 0.0013);
  const clips = {
    batchesPerEpoch: steps,
    batchSize: 1,
    async *batches() {
      for (let i = 0; i < steps; i++) yield { video, shape };
    },
  };
  /** @type {number[]} */
  const losses = [];
  let secondsPerStep = 0;
  const start = performance.now();
  await train(task, trainOptionsOf(config, clips, null), {
    onEvent(event) {
      emit(event);
      if (event.type !== 'step') return;
      losses.push(event.loss);
      secondsPerStep = 1 / event.samplesPerSecond;
    },
  });
  const seconds = (performance.now() - start) / 1000;
  const { reservedBytes: heapBytes, bytes: liveBytes } = engine.memory();
  return { device: picked.deviceName, steps, losses, seconds, secondsPerStep, heapBytes, liveBytes };
}
