// @ts-check
/** Every public package's default entry bundles for browsers: no Node built-in anywhere in its graph. */
import { bundleForBrowser } from './bundle.mjs';
import { conclude } from './check.mjs';
import { publicPackages } from './workspace.mjs';

/** @type {string[]} */
const problems = [];
const packages = publicPackages();
for (const one of packages) {
  const bundle = await bundleForBrowser(one);
  problems.push(...bundle.problems.map((problem) => `${one.name}: ${problem}`));
  if (bundle.problems.length === 0) {
    console.log(`${one.name.padEnd(24)} ${(bundle.gzipBytes / 1000).toFixed(1).padStart(8)} kB gzipped at first load`);
  }
}
conclude(problems, `${packages.length} packages bundle for browsers`);
