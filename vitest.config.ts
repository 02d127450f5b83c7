import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { runExample } from './examples/run-example.ts';
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

/**
 * Packages whose tests leave nothing behind in their process: files run in one after the other, and what they import is loaded once.
 */
const SHARING = [
  'clip',
  'losses',
  'masking',
  'metrics',
  'nn',
  'random',
  'tensor',
  'tokenizer',
  'unmasked-teacher',
  'vit',
];
const IN_SHARED_NODE = SHARING.map((name) => `packages/${name}/test/**/*.test.ts`);

/** Tests in Node. */
export const node = {
  plugins: [readmeExamples()],
  resolve: { alias: aliases(['node', 'import']) },
  test: {
    name: 'node',
    include: IN_NODE,
    exclude: ['**/node_modules/**', ...IN_BROWSER],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: softwareGpuEnvironment(),
  },
};

/** The tests in Node whose files have a process each, and those that share one. */
const inNode = [
  { ...node, test: { ...node.test, exclude: [...node.test.exclude, ...IN_SHARED_NODE] } },
  { ...node, test: { ...node.test, name: 'node-shared', include: IN_SHARED_NODE, isolate: false } },
];

/** Packages that pages import, and whose they are. Vite must know of all at its start, or it loads a page again mid-test. */
const IMPORTED = Object.entries({
  'engine-tfjs': ['tfjs-core', 'tfjs-backend-cpu', 'tfjs-backend-wasm', 'tfjs-backend-webgpu'].map(
    (name) => `@tensorflow/${name}`,
  ),
  conformance: ['fast-check'],
  video: ['mediabunny'],
  data: ['hyparquet', 'hyparquet-compressors'],
  'unmasked-teacher': ['zod'],
}).flatMap(([owner, names]) => names.map((name) => ({ name, folder: folderOf(name, owner) })));

/** Where a package of this repository has what it imports. */
function folderOf(name: string, owner: string): string {
  return realpathSync(fileURLToPath(new URL(`packages/${owner}/node_modules/${name}`, import.meta.url)));
}

const browser = (chromium: string) => ({
  resolve: {
    alias: [
      ...aliases(['browser', 'import']),
      ...IMPORTED.map(({ name, folder }) => ({ find: new RegExp(`^${name}(?=/|$)`), replacement: folder })),
    ],
  },
  optimizeDeps: { include: IMPORTED.map(({ name }) => name) },
  // wasm threads need an isolated page
  server: {
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
  test: {
    name: 'browser',
    include: IN_BROWSER,
    setupFiles: [fileURLToPath(new URL('scripts/browser-setup.ts', import.meta.url))],
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
      commands: {
        // what a page computes is compared with the same program in Node
        lossesInNode: async () => {
          const printed = await runExample('cross-runtime', 'wasm');
          return (printed.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
        },
      },
    },
  },
});

const chromium = findChromium();

export default defineConfig({
  test: { maxWorkers: 2, projects: chromium === undefined ? inNode : [...inNode, browser(chromium)] },
});
