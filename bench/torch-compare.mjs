// @ts-check
/**
 * The engine "torch" beside PyTorch: the same work on the same libtorch, BLAS, threads and allocator settings, in two
 * processes that take turns. A ratio is PyTorch's time over ours: above 1 we are faster.
 *
 *   pnpm build && node bench/torch-compare.mjs CASE[+CASE...]... [--rounds 30] [--warm-up 2] [--threads 2] [--python /usr/bin/python3] [--json FILE]
 *
 * Cases are those of torch-cases.json, and of torch-stage1-cases.json as `stage1:NAME`. With `--minimum 0.95` the exit code
 * is 1 when the lower end of a ratio's interval is below it. Cases joined by `+` take turns in the same rounds and share the
 * sides that do the same work: three of ours beside one script. What fails is reported, the others run; the JSON file is
 * written after every round. Where the time goes: `node bench/torch-stage1.mjs NAME --shares 5`.
 *
 * What bench/RESULTS.md shows, on a machine with nothing else to do (some seventy minutes):
 *
 *   node bench/torch-compare.mjs block-forward block-backward tiny-step vit-b-step vit-b-step-bfloat16 --json vit.json
 *   node bench/torch-compare.mjs stage1:float32-4+stage1:bfloat16-4+stage1:bfloat16-4-autocast+stage1:teacher-bfloat16-4 --json stage1-4.json
 *   node bench/torch-compare.mjs stage1:float32-8+stage1:bfloat16-8 --json stage1-8.json
 *   node bench/torch-stage1.mjs B/16 --cosine && node bench/torch-stage1.mjs bfloat16-4 --shares 5
 *
 * and the same with torch 2.15 on both sides: LIBTORCH=.../site-packages/torch, and `--python` of its virtual environment.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { medianOf } from './median.mjs';
import { describeWork } from './stage1-work.mjs';

const { values, positionals: groups } = parseArgs({
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

/** @type {Readonly<Record<string, { size: string, batch: number, student: string, teacher: string, script: string } | undefined>>} */
const STAGE1_CASES = JSON.parse(readFileSync(script('torch-stage1-cases.json'), 'utf8'));

/**
 * What runs on both sides of a case. Cases of one group share a side that does the same work.
 * @param {string} name
 */
function sidesOf(name) {
  const [kind, stage1Case] = name.split(':');
  if (kind !== 'stage1') {
    return {
      ours: { key: `ours ${name}`, command: process.execPath, words: [script('torch-vit.mjs'), name] },
      theirs: { key: `theirs ${name}`, command: values.python, words: [script('pytorch_vit.py'), name] },
    };
  }
  const work = STAGE1_CASES[stage1Case ?? ''];
  if (work === undefined) throw new Error(`there is no case ${name}: see torch-stage1-cases.json`);
  const { size, batch, student, teacher, script: precision } = work;
  const words = [stage1Case ?? ''];
  return {
    ours: {
      key: `ours ${size} ${batch} ${student} ${teacher}`,
      command: process.execPath,
      words: [script('torch-stage1.mjs'), ...words],
    },
    theirs: {
      key: `theirs ${size} ${batch} ${precision}`,
      command: values.python,
      words: [script('pytorch_stage1.py'), ...words],
    },
  };
}

/**
 * Runs the cases of a group, each side once a round. Who goes first moves on from round to round.
 * @param {readonly string[]} names
 * @param {(results: readonly ReturnType<typeof resultOf>[]) => void} onRound
 */
async function compare(names, onRound) {
  const pairs = names.map((name) => ({ name, ...sidesOf(name) }));
  /** @type {Map<string, Awaited<ReturnType<typeof start>>>} */
  const sides = new Map();
  /** @type {Map<string, Pass[]>} */
  const passes = new Map();
  try {
    for (const { key, command, words } of pairs.flatMap(({ ours, theirs }) => [ours, theirs])) {
      if (sides.has(key)) continue;
      sides.set(key, await start(command, words));
      passes.set(key, []);
    }
    const keys = [...sides.keys()];
    /** @type {readonly ReturnType<typeof resultOf>[]} */
    let results = [];
    for (let round = -Number(values['warm-up']); round < Number(values.rounds); round++) {
      const from = Math.abs(round) % keys.length;
      for (const key of [...keys.slice(from), ...keys.slice(0, from)]) {
        const pass = await sides.get(key)?.pass();
        if (round >= 0 && pass !== undefined) passes.get(key)?.push(pass);
      }
      if (round < 0) continue;
      results = pairs.map(({ name, ours, theirs }) =>
        resultOf(
          name,
          { engine: sides.get(ours.key)?.name, passes: passes.get(ours.key) ?? [] },
          { engine: sides.get(theirs.key)?.name, passes: passes.get(theirs.key) ?? [] },
        ),
      );
      onRound(results);
    }
    return results;
  } finally {
    for (const side of sides.values()) side.end();
  }
}

/** @typedef {{ readonly engine: string | undefined, readonly passes: readonly Pass[] }} Side */

/** @param {string} name @param {Side} ours @param {Side} theirs */
function resultOf(name, ours, theirs) {
  const ratioOf = (/** @type {'seconds' | 'cpuSeconds'} */ time) =>
    medianOf(ours.passes.map((pass, i) => (theirs.passes[i]?.[time] ?? NaN) / pass[time]));
  return {
    case: name,
    rounds: ours.passes.length,
    ratio: ratioOf('seconds'),
    // of the time that both processes' threads were running: what a busy machine changes less
    cpuRatio: ratioOf('cpuSeconds'),
    seconds: medianOf(ours.passes.map((pass) => pass.seconds)).median,
    pytorchSeconds: medianOf(theirs.passes.map((pass) => pass.seconds)).median,
    peakBytes: ours.passes.at(-1)?.peakBytes,
    pytorchPeakBytes: theirs.passes.at(-1)?.peakBytes,
    losses: [ours.passes.at(-1)?.loss, theirs.passes.at(-1)?.loss],
    engine: ours.engine,
    pytorch: theirs.engine,
  };
}

/** @param {ReturnType<typeof resultOf>} result */
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

if (groups.some((name) => name.includes('stage1:'))) console.log(describeWork('B/16'));
/** @type {ReturnType<typeof resultOf>[]} */
const results = [];
/** @param {readonly ReturnType<typeof resultOf>[]} present */
const save = (present) => {
  const all = [...results, ...present];
  const report = { date: new Date().toISOString(), cpu: cpus()[0]?.model, node: process.versions.node, results: all };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
};
for (const group of groups) {
  try {
    const compared = await compare(group.split('+'), save);
    results.push(...compared);
    for (const result of compared) console.log(describe(result));
  } catch (error) {
    console.error(`${group}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
const minimum = Number(values.minimum ?? 0);
if (results.some(({ ratio }) => ratio.low < minimum)) process.exitCode = 1;
