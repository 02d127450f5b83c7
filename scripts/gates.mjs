// @ts-check
/**
 * Runs the repository's gates and prints what each took.
 *
 *   node scripts/gates.mjs                     all of them
 *   node scripts/gates.mjs lint knip           only these
 *   node scripts/gates.mjs --summary out.json  also writes { "passed": N, "failed": N }
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { CommandError, run } from './run.mjs';
import { ROOT } from './workspace.mjs';

/** Names of scripts in package.json, in the order they run: quick and telling ones first, what reads dist after build. */
const GATES = [
  'check:tree',
  'format:check',
  'lint',
  'typecheck',
  'build',
  'knip',
  'check:readme',
  'check:types',
  'check:size',
  'check:browser',
  'check:packages',
  'check:publish',
  'check:install',
  'check:vite',
];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { summary: { type: 'string' } } });
const unknown = positionals.filter((name) => !GATES.includes(name));
if (unknown.length > 0) {
  console.error(`no gate is called ${unknown.join(', ')}; there are ${GATES.join(', ')}`);
  process.exit(2);
}

/** @type {{ readonly scripts: { readonly [name: string]: string } }} */
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const env = { ...process.env, PATH: [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter) };

/** @type {{ readonly name: string, readonly passed: boolean, readonly seconds: number }[]} */
const results = [];
for (const name of positionals.length > 0 ? GATES.filter((gate) => positionals.includes(gate)) : GATES) {
  const start = performance.now();
  let passed = true;
  try {
    await run('sh', ['-c', String(scripts[name])], { cwd: ROOT, env });
  } catch (error) {
    passed = false;
    console.log(`\n── ${name}: ${error instanceof Error ? error.message : error}`);
    if (error instanceof CommandError) console.log(error.output);
  }
  const seconds = (performance.now() - start) / 1000;
  results.push({ name, passed, seconds });
  console.log(`${passed ? '✓' : '✗'} ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s`);
}

const failed = results.filter(({ passed }) => !passed);
const total = results.reduce((sum, { seconds }) => sum + seconds, 0);
console.log(`\n${results.length - failed.length} of ${results.length} gates hold, ${total.toFixed(1)} s`);
if (failed.length > 0) console.log(`broken: ${failed.map(({ name }) => name).join(', ')}`);
if (values.summary !== undefined) {
  writeFileSync(values.summary, JSON.stringify({ passed: results.length - failed.length, failed: failed.length }));
}
process.exitCode = failed.length > 0 ? 1 : 0;
