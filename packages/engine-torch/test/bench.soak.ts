import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const isBuilt = existsSync(join(ROOT, 'packages/engine-torch/dist/index.node.js'));

/** PyTorch's time over ours, at the lower end of its 95 % interval. */
const BARS: Readonly<Record<string, number>> = {
  'block-forward': 0.95,
  'block-backward': 0.95,
  'tiny-step': 0.7,
  'vit-b-step': 0.92,
  'vit-b-step-bfloat16': 0.92,
  'stage1:float32-4': 1,
  'stage1:bfloat16-4': 2.5,
  'stage1:bfloat16-4-autocast': 1,
  'stage1:teacher-bfloat16-4': 1.4,
  'stage1:float32-8': 1,
  'stage1:bfloat16-8': 2.5,
};

interface Report {
  readonly results: readonly {
    readonly case: string;
    readonly ratio: { readonly median: number; readonly low: number };
    readonly peakBytes: number;
    readonly pytorchPeakBytes: number;
  }[];
}

test.skipIf(!isBuilt)(
  `beside PyTorch on an idle machine: as fast and as small${isBuilt ? '' : ' (skipped: run pnpm build first)'}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'umt-torch-bench-'));
    try {
      const json = join(folder, 'report.json');
      const stage1 = (batch: string) =>
        Object.keys(BARS)
          .filter((name) => name.startsWith('stage1:') && name.includes(`-${batch}`))
          .join('+');
      const single = Object.keys(BARS).filter((name) => !name.startsWith('stage1:'));
      const words = [...single, stage1('4'), stage1('8'), '--rounds', '30', '--json', json];
      const { stdout } = await promisify(execFile)(process.execPath, ['bench/torch-compare.mjs', ...words], {
        cwd: ROOT,
      });
      console.log(stdout);
      const { results } = JSON.parse(await readFile(json, 'utf8')) as Report;
      expect(results.map((result) => result.case).sort()).toEqual(Object.keys(BARS).sort());
      for (const { case: name, ratio, peakBytes, pytorchPeakBytes } of results) {
        expect(ratio.low, name).toBeGreaterThanOrEqual(BARS[name] ?? NaN);
        if (name.startsWith('vit-b')) expect(peakBytes, name).toBeLessThanOrEqual(pytorchPeakBytes);
        // 1.04 is asked of the median: what is left out of the reference's work is worth 1.055 at most
        if (name.startsWith('stage1:float32')) expect(ratio.median, name).toBeGreaterThanOrEqual(1.04);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
