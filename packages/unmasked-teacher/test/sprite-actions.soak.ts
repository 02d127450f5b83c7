import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { isBuilt } from './cli.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CLASSES = [
  ...['move-left', 'move-right', 'move-up', 'move-down', 'grow', 'shrink', 'rotate-clockwise', 'rotate-anticlockwise'],
  ...['approach', 'part'],
];

test.skipIf(!isBuilt)(
  'ten of the Sprite Actions: a bag of frames tells nothing between partners, a video model tells them apart',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'umt-sprite-actions-'));
    try {
      const size = ['--train', '3000', '--test', '300', '--size', '32', '--width', '96', '--epochs', '12'];
      const words = [...size, '--classes', CLASSES.join(','), '--folder', folder];
      const { stdout } = await promisify(execFile)(process.execPath, ['bench/sprite-actions.mjs', ...words], {
        cwd: ROOT,
      });
      console.log(stdout);
      const row = (name: string) => {
        const [, top1 = NaN, inPairs = NaN] = (new RegExp(`${name}.*?([\\d.]+) % +([\\d.]+) %`).exec(stdout) ?? []).map(
          Number,
        );
        return { top1, inPairs };
      };
      const [one, bag, video] = [row('one frame'), row('bag of all frames'), row('video transformer')];
      expect(row('without the order').top1).toBe(50);
      expect(bag.inPairs).toBe(50);
      expect(bag.top1).toBeLessThanOrEqual(50);
      expect(Math.abs(one.inPairs - 50)).toBeLessThan(10);
      expect(video.inPairs).toBeGreaterThan(85);
      expect(video.top1).toBeGreaterThan(60); // without order it could not pass 50
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
