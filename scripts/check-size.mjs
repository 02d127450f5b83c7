// @ts-check
/** Size budgets: what a package adds to an app that already holds its peers, and what a page with a student holds. */
import { join } from 'node:path';
import { browserEntries, bundleFile, bundleForBrowser } from './bundle.mjs';
import { conclude } from './check.mjs';
import { publicPackages, ROOT } from './workspace.mjs';

/** kB (1000 bytes), minified and gzipped, own dependencies included, peers left out. */
const BUDGETS = new Map([
  ['@umt/masking', 10],
  ['@umt/losses', 10],
  ['@umt/metrics', 10],
  ['@umt/random', 10],
]);

/** kB, minified, not gzipped: all a page loads at once to run the student's forward. Engines and weights come later. */
const STUDENT_PAGE_BUDGET = 250;

/** @type {string[]} */
const problems = [];
/**
 * @param {string} what
 * @param {number} bytes
 * @param {number} budget kB
 * @param {string} kind
 */
function weigh(what, bytes, budget, kind) {
  const kilobytes = (bytes / 1000).toFixed(2);
  console.log(`${what.padEnd(16)} ${kilobytes.padStart(6)} kB ${kind} of ${budget} kB`);
  if (bytes > budget * 1000) problems.push(`${what} is ${kilobytes} kB ${kind}, its budget is ${budget} kB`);
}

for (const one of publicPackages()) {
  const budget = BUDGETS.get(one.name);
  if (budget === undefined) continue;
  const bundle = await bundleForBrowser(one, { external: Object.keys(one.manifest.peerDependencies ?? {}) });
  problems.push(...bundle.problems.map((problem) => `${one.name}: ${problem}`));
  weigh(one.name, bundle.gzipBytes, budget, 'gzipped');
}

const page = join(ROOT, 'scripts/browser/student-page.ts');
const bundle = await bundleFile(page, { dir: ROOT, alias: browserEntries('built') });
problems.push(...bundle.problems.map((problem) => `the student page: ${problem}`));
weigh('the student page', bundle.bytes, STUDENT_PAGE_BUDGET, 'minified');
console.log(`  ${(bundle.gzipBytes / 1000).toFixed(2)} kB gzipped, ${bundle.files.length} files in all`);
conclude(problems, 'every size budget holds');
