import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Features, studentForward } from '../browser/student-forward.ts';
import { browserEntries, bundleFile } from '../bundle.mjs';
import { findChromium } from '../chromium.mjs';
import { serve } from '../serve.mjs';
import { launchChromium, visit } from '../visit.mjs';
import { ROOT } from '../workspace.mjs';

const HTML = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/entry.js"></script>';
const chromium = findChromium();
const missing = chromium === undefined ? ' (skipped: no Chromium on the PATH)' : '';

/** The wasm binaries that the engine's README has a page serve beside itself. */
const require = createRequire(join(ROOT, 'packages/engine-tfjs/package.json'));
const binaries = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm'));

it('has no engine among what the student page loads at once', async () => {
  const page = join(ROOT, 'scripts/browser/student-page.ts');
  const { problems, files } = await bundleFile(page, { dir: ROOT, alias: browserEntries('source') });
  expect(problems).toEqual([]);
  const text = (isAtOnce: boolean) =>
    files
      .filter((file) => file.isAtOnce === isAtOnce)
      .map(({ contents }) => Buffer.from(contents).toString())
      .join('');
  expect(text(false)).toContain('tfjs-backend-wasm');
  expect(text(true)).not.toContain('tfjs-backend-wasm.wasm');
});

describe.skipIf(chromium === undefined && process.env['CI'] === undefined)(`in Chromium${missing}`, () => {
  it('the student page, minified and split, gives the features that Node gives', async () => {
    const page = join(ROOT, 'scripts/browser/student-page.ts');
    const { files } = await bundleFile(page, { dir: ROOT, alias: browserEntries('source') });
    const scripts = new Map(files.map(({ name, contents }) => [`/${name}`, contents]));
    const asked: string[] = [];
    const server = await serve((path) => {
      asked.push(path);
      return path === '/'
        ? HTML
        : path.endsWith('.wasm')
          ? readFileSync(join(binaries, basename(path)))
          : scripts.get(path);
    });
    const browser = await launchChromium(chromium ?? 'chromium');
    try {
      const { problems, result } = await visit(browser, server.origin);
      expect(problems).toEqual([]);
      const inChromium = result as Features;
      const inNode = await studentForward('xnnpack');
      expect(inChromium.device).toBe('wasm');
      expect(inChromium.shape).toEqual([2, 1, Math.floor((4 * 4 * 4) / 5), 512]);
      expect(inChromium.shape).toEqual(inNode.shape);
      expect(Math.max(...inNode.values.map(Math.abs))).toBeGreaterThan(0.05); // unit vectors of 512 numbers
      const off = inNode.values.map((value, index) => Math.abs(value - (inChromium.values[index] ?? NaN)));
      expect(Math.max(...off)).toBeLessThan(1e-6);
      expect(asked.filter((path) => path.endsWith('.wasm'))).toHaveLength(1);
    } finally {
      await browser.close();
      server.close();
    }
  });
});
