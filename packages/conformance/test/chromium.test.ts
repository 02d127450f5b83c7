import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';
import { isRequired } from '../src/index.ts';

const chromium = findChromium();
const isWanted = isRequired('chromium', process.env['UMT_REQUIRE_ENGINES'] ?? '');

it.skipIf(!chromium && !isWanted)(
  'the tests in browsers find a Chromium that starts (install one, or set UMT_CHROMIUM)',
  () => {
    expect(execFileSync(chromium ?? 'chromium', ['--version']).toString()).toMatch(/Chrom(e|ium) \d+/);
  },
);
