import { createRequire } from 'node:module';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { findChromium, softwareGpuEnvironment } from './scripts/chromium.mjs';
import { readmeExamples } from './scripts/vitest-readme.mjs';
import { allPackages, sourceOf } from './scripts/workspace.mjs';

const IN_NODE = ['packages/*/test/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts'];
const IN_BROWSER = ['packages/*/test/**/*.browser.test.ts', 'examples/**/*.browser.test.ts'];

/** Tests run from source: every workspace import leads to the file that its build for these conditions is made of. */
const aliases = (conditions: readonly string[]) =>
  allPackages().flatMap(({ name, dir, manifest }) =>
    Object.entries(manifest.exports ?? {}).map(([path, target]) => ({
      find: new RegExp(`^${name}${path.slice(1)}$`),
      replacement: sourceOf(dir, target, conditions),
    })),
  );

const node = {
  plugins: [readmeExamples()],
  resolve: { alias: aliases(['node', 'import']) },
  test: {
    name: 'node',
    include: IN_NODE,
    exclude: ['**/node_modules/**', ...IN_BROWSER],
    testTimeout: 60_000,
    env: softwareGpuEnvironment(),
  },
};

/** Packages that the engines import when they start; Vite must know of them before, or it loads the page again mid-run. */
const TFJS = ['tfjs-core', 'tfjs-backend-cpu', 'tfjs-backend-wasm', 'tfjs-backend-webgpu'];
const fromEngine = createRequire(new URL('packages/engine-tfjs/package.json', import.meta.url));

const browser = (chromium: string) => ({
  resolve: {
    alias: [
      ...aliases(['browser', 'import']),
      ...TFJS.map((name) => ({
        find: new RegExp(`^@tensorflow/${name}(?=/|$)`),
        replacement: fromEngine.resolve(`@tensorflow/${name}/package.json`).replace(/\/package\.json$/, ''),
      })),
    ],
  },
  optimizeDeps: { include: TFJS.map((name) => `@tensorflow/${name}`) },
  // wasm threads need an isolated page
  server: {
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
  test: {
    name: 'browser',
    include: IN_BROWSER,
    testTimeout: 60_000,
    env: { UMT_REQUIRE_ENGINES: process.env['UMT_REQUIRE_ENGINES'] ?? '' },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: chromium,
          args: ['--no-sandbox', '--enable-unsafe-webgpu', '--disable-dev-shm-usage'],
        },
      }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
});

const chromium = findChromium();

export default defineConfig({
  test: { maxWorkers: 2, projects: chromium === undefined ? [node] : [node, browser(chromium)] },
});
