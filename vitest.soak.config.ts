import { defineConfig } from 'vitest/config';
import { node } from './vitest.config.ts';

const HOUR = 3_600_000;

/** The long tier: fuzzing, kill tests, memory, accuracy. `test` runs a slice of each. */
export default defineConfig({
  ...node,
  test: {
    ...node.test,
    name: 'soak',
    include: ['packages/*/test/**/*.soak.ts', 'examples/**/*.soak.ts'],
    testTimeout: HOUR,
    hookTimeout: HOUR,
    maxWorkers: 1,
  },
});
