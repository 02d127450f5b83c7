import { defineConfig } from 'vitest/config';
import { readmeExamples } from './scripts/vitest-readme.mjs';
import { allPackages, sourceOf } from './scripts/workspace.mjs';

/** Tests run from source: every workspace import leads to the file that its Node build is made of. */
const alias = allPackages().flatMap(({ name, dir, manifest }) =>
  Object.entries(manifest.exports ?? {}).map(([path, target]) => ({
    find: new RegExp(`^${name}${path.slice(1)}$`),
    replacement: sourceOf(dir, target, ['node', 'import']),
  })),
);

export default defineConfig({
  plugins: [readmeExamples()],
  resolve: { alias },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts'],
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
