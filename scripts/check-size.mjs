// @ts-check
/** Size budgets: what a package adds to an app that already holds its peers. */
import { bundleForBrowser } from './bundle.mjs';
import { conclude } from './check.mjs';
import { publicPackages } from './workspace.mjs';

/** kB (1000 bytes), minified and gzipped, own dependencies included, peers left out. */
const BUDGETS = new Map([
  ['@umt/masking', 10],
  ['@umt/losses', 10],
  ['@umt/metrics', 10],
  ['@umt/random', 10],
]);

/** @type {string[]} */
const problems = [];
for (const one of publicPackages()) {
  const budget = BUDGETS.get(one.name);
  if (budget === undefined) continue;
  const bundle = await bundleForBrowser(one, { external: Object.keys(one.manifest.peerDependencies ?? {}) });
  const kilobytes = bundle.gzipBytes / 1000;
  console.log(`${one.name.padEnd(16)} ${kilobytes.toFixed(2).padStart(6)} kB of ${budget} kB`);
  problems.push(...bundle.problems.map((problem) => `${one.name}: ${problem}`));
  if (kilobytes > budget)
    problems.push(`${one.name} is ${kilobytes.toFixed(2)} kB gzipped, its budget is ${budget} kB`);
}
conclude(problems, 'every size budget holds');
