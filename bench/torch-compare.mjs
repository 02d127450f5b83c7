// @ts-check
/**
 * The engine "torch" beside PyTorch: the same work on the same libtorch, BLAS, threads and allocator settings, in two
 * processes that take turns. A ratio is PyTorch's time over ours: above 1 we are faster.
 *
 *   pnpm build && node bench/torch-compare.mjs CASE... [--rounds 30] [--warm-up 2] [--threads 2] [--python /usr/bin/python3] [--json FILE]
 *
 * Cases are those of torch-cases.json, and of torch-stage1-cases.json as `stage1:NAME`. With `--minimum 0.95` the exit code
 * is 1 when the lower end of a ratio's interval is below it. A case that fails is reported, the others run; the JSON file is
 * written after every case. Where the time goes: `node bench/torch-stage1.mjs NAME --shares 5`.
 *
 * What bench/RESULTS.md shows, on a machine with nothing else to do (some two hours):
 *
 *   node bench/torch-compare.mjs block-forward block-backward tiny-step vit-b-step vit-b-step-bfloat16 --rounds 30 --json vit.json
 *   node bench/torch-compare.mjs stage1:float32-4 stage1:bfloat16-4 stage1:bfloat16-4-autocast stage1:teacher-bfloat16-4 --rounds 30 --json stage1-4.json
 *   node bench/torch-compare.mjs stage1:float32-8 stage1:bfloat16-8 --rounds 30 --json stage1-8.json
 *   node bench/torch-stage1.mjs B/16 --cosine && node bench/torch-stage1.mjs bfloat16-4 --shares 5
 *
 * and the same with torch 2.15 on both sides: LIBTORCH=.../site-packages/torch, and `--python` of its virtual environment.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { medianOf } from './median.mjs';
import { describeWork } from './stage1-work.mjs';

const { values, positionals: cases } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '2' },
    threads: { type: 'string', default: String(availableParallelism()) },
    python: { type: 'string', default: '/usr/bin/python3' },
    minimum: { type: 'string' },
    json: { type: 'string' },
  },
});

/** What both sides run under. The allocator keeps freed memory, as the engine asks for by itself. */
const ENVIRONMENT = {
  ...process.env,
  OMP_WAIT_POLICY: 'PASSIVE',
  OMP_NUM_THREADS: values.threads,
  GLIBC_TUNABLES: 'glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=2147483647',
};

/** @typedef {{ readonly seconds: number, readonly cpuSeconds: number, readonly loss?: number, readonly peakBytes: number }} Pass */

/**
 * A process that does one pass when asked to.
 * @param {string} command
 * @param {readonly string[]} words
 */
async function start(command, words) {
  const child = spawn(command, [...words, '--threads', values.threads], {
    env: ENVIRONMENT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ${words.join(' ')} ended before its pass was done`);
    return JSON.parse(value);
  };
  const { ready } = await next();
  return {
    name: ready,
    /** @returns {Promise<Pass>} */
    pass: () => (child.stdin.write('\n'), next()),
    end: () => child.stdin.end(),
  };
}

const script = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** @param {string} name */
async function compare(name) {
  const [kind, stage1Case] = name.split(':');
  const isStage1 = kind === 'stage1';
  const words = [isStage1 ? (stage1Case ?? '') : name];
  const ours = await start(process.execPath, [script(isStage1 ? 'torch-stage1.mjs' : 'torch-vit.mjs'), ...words]);
  const theirs = await start(values.python, [script(isStage1 ? 'pytorch_stage1.py' : 'pytorch_vit.py'), ...words]);
  /** @type {{ readonly ours: Pass, readonly theirs: Pass }[]} */
  const passes = [];
  const warmUp = Number(values['warm-up']);
  try {
    for (let round = -warmUp; round < Number(values.rounds); round++) {
      // who goes first alternates too
      const [first, second] = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
      const results = [await first.pass(), await second.pass()];
      const [a, b] = /** @type {[Pass, Pass]} */ (round % 2 === 0 ? results : results.reverse());
      if (round >= 0) passes.push({ ours: a, theirs: b });
    }
  } finally {
    ours.end();
    theirs.end();
  }
  const last = passes.at(-1);
  return {
    case: name,
    rounds: passes.length,
    ratio: medianOf(passes.map((pass) => pass.theirs.seconds / pass.ours.seconds)),
    // of the time that both processes' threads were running: what a busy machine changes less
    cpuRatio: medianOf(passes.map((pass) => pass.theirs.cpuSeconds / pass.ours.cpuSeconds)),
    seconds: medianOf(passes.map((pass) => pass.ours.seconds)).median,
    pytorchSeconds: medianOf(passes.map((pass) => pass.theirs.seconds)).median,
    peakBytes: last?.ours.peakBytes,
    pytorchPeakBytes: last?.theirs.peakBytes,
    losses: [last?.ours.loss, last?.theirs.loss],
    engine: ours.name,
    pytorch: theirs.name,
  };
}

/** @param {Awaited<ReturnType<typeof compare>>} result */
function describe({
  case: name,
  ratio,
  cpuRatio,
  seconds,
  pytorchSeconds,
  peakBytes = 0,
  pytorchPeakBytes = 0,
  ...rest
}) {
  return (
    `${name}: ${ratio.median.toFixed(3)} [${ratio.low.toFixed(3)}, ${ratio.high.toFixed(3)}], processor time ${cpuRatio.median.toFixed(3)} (${(seconds * 1e3).toFixed(1)} ms, ` +
    `PyTorch ${(pytorchSeconds * 1e3).toFixed(1)} ms; peak ${(peakBytes / 1e9).toFixed(2)} GB, PyTorch ${(pytorchPeakBytes / 1e9).toFixed(2)} GB; ` +
    `${rest.engine} beside ${rest.pytorch}; losses ${rest.losses.join(' and ')})`
  );
}

if (cases.some((name) => name.startsWith('stage1:'))) console.log(describeWork('B/16'));
const results = [];
for (const name of cases) {
  try {
    const result = await compare(name);
    results.push(result);
    console.log(describe(result));
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
  const report = { date: new Date().toISOString(), cpu: cpus()[0]?.model, node: process.versions.node, results };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
const minimum = Number(values.minimum ?? 0);
if (results.some(({ ratio }) => ratio.low < minimum)) process.exitCode = 1;
