// @ts-check
/**
 * Our side of `torch-compare.mjs stage1:CASE`: a whole stage-1 step - teacher, mask, student, loss, gradients, AdamW - on the
 * engine "torch", once for each line that comes in. The other side is `pytorch_stage1.py`.
 *
 *   node bench/torch-stage1.mjs CASE [--threads 2]
 *   node bench/torch-stage1.mjs CASE --shares 5   where the time of 5 steps goes
 *   node bench/torch-stage1.mjs B/16 --cosine     targets and student features in bfloat16 beside those in float32
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createTorchEngine } from '../packages/engine-torch/dist/index.node.js';
import {
  cast,
  read,
  readScalar,
  scope,
  setEngine,
  singleProcess,
  tensor,
  valueAndGrad,
} from '../packages/tensor/dist/index.js';
import { AdamW } from '../packages/trainer/dist/index.node.js';
import {
  buildStudent,
  buildTeacher,
  createPretrainTask,
  pretrainB16,
} from '../packages/unmasked-teacher/dist/index.node.js';
import { printShares, watchedEngine } from './torch-shares.mjs';

/** @typedef {{ size: string, batch: number, student: 'float32' | 'bfloat16', teacher: 'float32' | 'bfloat16' }} Case */

/** @type {Readonly<Record<string, Case>>} */
const CASES = JSON.parse(readFileSync(new URL('torch-stage1-cases.json', import.meta.url), 'utf8'));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    cosine: { type: 'boolean', default: false },
    shares: { type: 'string' },
  },
});
const [word = ''] = positionals;
const threads = Number(values.threads);
const { engine, watch } =
  values.shares === undefined
    ? { engine: await createTorchEngine({ device: 'cpu', threads }) }
    : await watchedEngine(threads);
setEngine(engine);

if (values.cosine) await printCosines(word);
else if (watch) await printShares(watch, await stepOf(word), Number(values.shares));
else await serve(word);

/** @param {string} size @param {Pick<Case, 'student' | 'teacher'>} precision */
function configOf(size, { student, teacher }) {
  const small = {
    video: { frames: 2, size: 64 },
    student: { width: 64, depth: 4, heads: 2 },
    teacher: { width: 64, depth: 4, heads: 2, inputSize: 64, outputWidth: 32 },
    alignment: { layers: 2 },
  };
  const changes = size === 'small' ? small : { video: {}, student: {}, teacher: {}, alignment: {} };
  return pretrainB16({
    ...changes,
    student: { ...changes.student, dropPath: 0, precision: student },
    teacher: { ...changes.teacher, precision: teacher },
  });
}

/** @param {ReturnType<typeof configOf>} config @param {number} batch */
function clipsOf({ video: { frames, size } }, batch) {
  const shape = [batch, frames, size, size, 3];
  const video = new Float32Array(shape.reduce((a, b) => a * b));
  for (let i = 0; i < video.length; i++) video[i] = Math.sin(i * 0.37) + Math.cos(i * 0.0013);
  return { video, shape };
}

/** A step of a case, which gives its loss. @param {string} name */
async function stepOf(name) {
  const chosen = CASES[name];
  if (!chosen) throw new Error(`no case '${name}'; there is ${Object.keys(CASES).join(', ')}`);
  const config = configOf(chosen.size, chosen);
  const student = buildStudent(config);
  const task = createPretrainTask({ student, teacher: await buildTeacher(config, null), config });
  const optimizer = new AdamW(task.parameters, { beta1: 0.9, beta2: 0.95 });
  const clips = clipsOf(config, chosen.batch);
  const allowed = tensor([1], [], 'bool');
  const sources = optimizer.parameters.map(({ parameter }) => parameter);
  let step = 0;

  return async () => {
    const context = { seed: 0, step: step++, epoch: 0, microStep: 0, accumulationSteps: 1, collective: singleProcess };
    const loss = scope(() => {
      const { value, gradients } = valueAndGrad(() => task.loss(clips, context), sources);
      optimizer.update(gradients, { learningRate: 1.5e-4, weightDecay: 0.05 }, allowed);
      return value.loss;
    });
    const number = await readScalar(loss);
    loss.dispose();
    return number;
  };
}

/** @param {string} name */
async function serve(name) {
  const once = await stepOf(name);

  async function pass() {
    const start = performance.now();
    const before = process.cpuUsage();
    const loss = await once();
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(before);
    const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0);
    console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, loss, peakBytes: peak * 1024 }));
  }

  console.log(JSON.stringify({ ready: engine.capabilities.deviceName }));
  createInterface({ input: process.stdin }).on('line', () => void pass());
}

/** @param {string} size */
async function printCosines(size) {
  const exact = configOf(size, { student: 'float32', teacher: 'float32' });
  const rounded = configOf(size, { student: 'bfloat16', teacher: 'bfloat16' });
  const { video, shape } = clipsOf(exact, 1);
  const perFrame = (exact.video.size / 16) ** 2;
  const kept = Math.ceil(perFrame / 5);
  const picked = Int32Array.from(
    { length: exact.video.frames * kept },
    (_, i) => Math.floor(i / kept) * perFrame + (i % kept) * 4 + 1,
  );
  const visible = tensor(picked, [1, picked.length], 'int32');

  /** @param {ReturnType<typeof configOf>} config */
  const features = async (config) => {
    const [teacher, student] = [await buildTeacher(config, null), buildStudent(config)];
    const results = scope(() => {
      const clip = tensor(video, shape);
      const own = student.forward(cast(clip, config.student.precision), visible);
      const all = [teacher.targetAt(clip, visible), own.features, ...own.layers.values()];
      return all.map((one) => cast(one, 'float32'));
    });
    const arrays = await Promise.all(results.map(read));
    for (const one of [...results, teacher, student]) one.dispose();
    return { arrays, widths: results.map((one) => one.shape.at(-1) ?? 1) };
  };
  const [a, b] = [await features(exact), await features(rounded)];
  for (const [index, width] of a.widths.entries()) {
    const what = index === 0 ? 'teacher targets' : index === 1 ? 'student features' : `student layer ${index - 2}`;
    const found = cosines(a.arrays[index] ?? [], b.arrays[index] ?? [], width);
    const mean = found.reduce((sum, one) => sum + one, 0) / found.length;
    console.log(`${what}: mean cosine ${mean.toFixed(6)}, least ${Math.min(...found).toFixed(6)}`);
  }
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {number} width */
function cosines(a, b, width) {
  return Array.from({ length: a.length / width }, (_, row) => {
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = row * width; i < (row + 1) * width; i++) {
      const [x, y] = [a[i] ?? 0, b[i] ?? 0];
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    return ab / Math.sqrt(aa * bb);
  });
}
