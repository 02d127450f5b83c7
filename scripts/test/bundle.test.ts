import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { bundleForBrowser } from '../bundle.mjs';
import { resolveTarget } from '../workspace.mjs';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((dir) => rmSync(dir, { recursive: true })));

/** A package on disk with the given files and exports. */
function packageWith(files: Readonly<Record<string, string>>, target: Readonly<Record<string, string>>) {
  const dir = mkdtempSync(join(tmpdir(), 'umt-bundle-'));
  folders.push(dir);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const manifest = { name: 'sample', version: '1.0.0', description: 'A sample.', exports: { '.': target } };
  return { name: 'sample', dir, manifest };
}

it('refuses a Node built-in anywhere in the graph, naming the file', async () => {
  const files = {
    'dist/index.js': `export * from './deep.js';`,
    'dist/deep.js': `export { readFileSync } from 'node:fs';`,
  };
  const { problems } = await bundleForBrowser(packageWith(files, { import: './dist/index.js' }));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/node:fs.*dist\/deep\.js/);
});

it('takes what a browser would take, not what Node would', async () => {
  const files = { 'dist/index.js': 'export const x = 1;', 'dist/node.js': `export * from 'node:fs';` };
  const { problems } = await bundleForBrowser(
    packageWith(files, { node: './dist/node.js', import: './dist/index.js' }),
  );
  expect(problems).toEqual([]);
});

it('counts what a page loads at once and leaves lazily loaded chunks out', async () => {
  const noise = Array.from({ length: 4000 }, (_, index) => Math.imul(index, 2654435761) >>> 0).join(',');
  const files = {
    'dist/index.js': `export const load = () => import('./heavy.js');`,
    'dist/heavy.js': `export const heavy = [${noise}];`,
  };
  const lazy = await bundleForBrowser(packageWith(files, { import: './dist/index.js' }));
  const eager = await bundleForBrowser(packageWith(files, { import: './dist/heavy.js' }));
  expect(lazy.gzipBytes).toBeGreaterThan(0);
  expect(lazy.gzipBytes).toBeLessThan(1000);
  expect(eager.gzipBytes).toBeGreaterThan(10_000);
});

it('resolves export conditions in the order they are written', () => {
  const target = { types: './t.d.ts', node: { import: './node.js' }, browser: './browser.js', default: './any.js' };
  expect(resolveTarget(target, ['node', 'import'])).toBe('./node.js');
  expect(resolveTarget(target, ['browser', 'import'])).toBe('./browser.js');
  expect(resolveTarget(target, ['node', 'require'])).toBe('./any.js');
  expect(resolveTarget({ node: './node.js' }, ['browser'])).toBeUndefined();
});
