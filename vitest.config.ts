import { defineConfig } from 'vitest/config';

const source = (name: string) => new URL(`./packages/${name}/src/index.ts`, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@umt\/([a-z-]+)$/, replacement: source('$1') },
      { find: /^unmasked-teacher$/, replacement: source('unmasked-teacher') },
    ],
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts'],
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
