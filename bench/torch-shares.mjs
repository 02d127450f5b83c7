// @ts-check
/**
 * Where the time of a step on the engine "torch" goes: every call of the bridge is timed, and filed under the composite or
 * primitive that made it. What no call took is JavaScript. `torch-stage1.mjs CASE --shares` and `torch-vit.mjs CASE --shares`
 * print it.
 */
import { createRequire } from 'node:module';
import { createTorchEngine, inspectTorch } from '../packages/engine-torch/dist/index.node.js';

/** @typedef {{ calls: number, seconds: number, cpuSeconds: number }} Spent */

/** What an operation is part of, in a transformer's words. */
const PARTS = Object.entries({
  'products of layers': ['linear', 'matmul'],
  attention: ['attention', 'softmax'],
  'layer norms': ['layerNorm'],
  activations: ['gelu', 'quickGelu'],
  'conversions of precision': ['cast'],
  optimizer: ['adamw', 'sumOfSquares'],
  'sums and differences': ['add', 'subtract', 'multiply', 'divide', 'negative', 'square', 'sum', 'l2Normalize'],
});

/** Calls into the bridge since the last `clear`. */
class Watch {
  /** @type {Map<string, Map<string, Spent>>} by operation, then by operator */
  spent = new Map();
  operation = 'other';

  clear() {
    this.spent.clear();
  }

  /** @template T @param {string} operation @param {() => T} f */
  within(operation, f) {
    const outer = this.operation;
    this.operation = operation;
    try {
      return f();
    } finally {
      this.operation = outer;
    }
  }

  /** @template T @param {string} operator @param {() => T} f */
  timed(operator, f) {
    const start = performance.now();
    const before = process.cpuUsage();
    try {
      return f();
    } finally {
      const { user, system } = process.cpuUsage(before);
      const own = this.spent.get(this.operation) ?? new Map();
      this.spent.set(this.operation, own);
      const entry = own.get(operator) ?? { calls: 0, seconds: 0, cpuSeconds: 0 };
      own.set(operator, entry);
      entry.calls++;
      entry.seconds += (performance.now() - start) / 1e3;
      entry.cpuSeconds += (user + system) / 1e6;
    }
  }
}

/** An engine on the CPU whose bridge is watched. @param {number} threads */
export async function watchedEngine(threads) {
  process.env['OMP_WAIT_POLICY'] ??= 'PASSIVE'; // as the engine sets it, which loads the bridge later than this does
  const watch = new Watch();
  const { bridge } = await inspectTorch();
  if (!bridge) throw new Error('the bridge is not built; run: npx @umt/engine-torch build');
  // Node loads a library once: the engine finds the one that is changed here
  const library = createRequire(import.meta.url)(bridge);
  const { open } = library;
  library.open = (/** @type {Float64Array[]} */ ...arrays) => watchedBridge(open(...arrays), watch);
  const engine = await createTorchEngine({ device: 'cpu', threads });
  const { run, composites } = engine;
  const filed =
    (/** @type {string} */ name, /** @type {Function} */ f) =>
    (/** @type {unknown[]} */ ...given) =>
      watch.within(name, () => f.apply(engine, given));
  Object.assign(engine, {
    run: (/** @type {string} */ name, /** @type {unknown[]} */ ...rest) => filed(name, run)(name, ...rest),
    composites: Object.fromEntries(
      Object.entries(composites).map(([name, kernel]) => [
        name,
        typeof kernel === 'function'
          ? filed(name, kernel)
          : Object.fromEntries(Object.entries(kernel).map(([half, f]) => [half, filed(name, f)])),
      ]),
    ),
  });
  return { engine, watch };
}

/** @param {Record<string, Function>} functions @param {Watch} watch */
function watchedBridge(functions, watch) {
  /** @type {string[]} */
  const names = [];
  const watched = Object.fromEntries(
    Object.entries(functions).map(([name, f]) => [
      name,
      (/** @type {unknown[]} */ ...given) =>
        watch.timed(name === 'call' ? (names[Number(given[0])] ?? name) : name, () => f(...given)),
    ]),
  );
  return {
    ...watched,
    findOperator(/** @type {string} */ base, /** @type {string} */ overload) {
      const number = functions['findOperator']?.(base, overload);
      if (number >= 0) names[number] = overload === '' ? base : `${base}.${overload}`;
      return number;
    },
  };
}

/** Runs steps and prints what they spent, the largest first. @param {Watch} watch @param {() => Promise<unknown>} once @param {number} steps */
export async function printShares(watch, once, steps) {
  for (let i = 0; i < 2; i++) await once();
  watch.clear();
  const start = performance.now();
  const before = process.cpuUsage();
  for (let i = 0; i < steps; i++) await once();
  const seconds = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  const all = [...watch.spent].flatMap(([operation, own]) =>
    [...own].map(([operator, spent]) => ({ operation, operator, ...spent })),
  );
  const inside = all.reduce((sum, one) => sum + one.seconds, 0);
  /** @type {Map<string, number>} */
  const parts = new Map([['JavaScript', seconds - inside]]);
  for (const { operation, seconds: own } of all) {
    const part = PARTS.find(([, operations]) => operations.includes(operation))?.[0] ?? 'everything else';
    parts.set(part, (parts.get(part) ?? 0) + own);
  }
  const ms = (/** @type {number} */ one) => ((one / steps) * 1e3).toFixed(1);
  const percent = (/** @type {number} */ one) => ((one / seconds) * 100).toFixed(1);
  console.log(`a step: ${ms(seconds)} ms, ${ms(cpuSeconds)} ms of processor time`);
  for (const [part, own] of [...parts].sort(([, a], [, b]) => b - a)) console.log(`  ${percent(own)} % ${part}`);
  for (const one of all.sort((a, b) => b.seconds - a.seconds).slice(0, 40)) {
    const { operation, operator, calls } = one;
    const words = [operation, operator].map((word) => word.padEnd(22)).join(' ');
    console.log(
      `  ${words} ${ms(one.seconds).padStart(8)} ms, processor ${ms(one.cpuSeconds).padStart(8)} ms in ${calls / steps} calls`,
    );
  }
}
