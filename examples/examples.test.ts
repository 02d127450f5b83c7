import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeSpriteClips } from '@umt/sprites';
import { runExample } from './run-example.ts';

describe('examples', () => {
  it('mask-a-video keeps 8 of 36 patches in every frame', async () => {
    const lines = (await runExample('mask-a-video', 'assets/clips/cup-1.mp4')).trim().split('\n');
    expect(lines[0]).toBe('assets/clips/cup-1.mp4: 64 of 288 tokens are visible');
    const rows = lines.slice(1).map((line) => line.split('  '));
    expect(rows).toHaveLength(6);
    for (let frame = 0; frame < 8; frame++) {
      const kept = rows
        .map((row) => row[frame] ?? '')
        .join('')
        .replaceAll('.', '');
      expect(kept).toBe('########');
    }
  });

  it('train-tiny trains on a folder and leaves weights and a report', async () => {
    const output = mkdtempSync(join(tmpdir(), 'train-tiny-'));
    try {
      const printed = await runExample('train-tiny', 'assets/clips', output, '20');
      const losses = [...printed.matchAll(/^step \d+: loss ([\d.]+)/gm)].map(([, loss]) => Number(loss));
      expect(losses).toHaveLength(2);
      expect(losses[1]).toBeLessThan(losses[0] ?? 0);
      expect(printed).toContain('done after 20 steps on ');
      const heldOut = /held-out loss ([\d.]+)/.exec(printed)?.[1];
      expect(Number(heldOut)).toBeLessThan(2);
      expect(existsSync(join(output, 'student.safetensors'))).toBe(true);
      expect(existsSync(join(output, 'report.html'))).toBe(true);
    } finally {
      rmSync(output, { recursive: true });
    }
  }, 120_000);

  it('finetune-tiny trains a classifier, measures it and names what a video shows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'finetune-tiny-'));
    try {
      const [train, test] = [join(folder, 'train'), join(folder, 'test')];
      const format = { classes: ['grow', 'move-up'], clips: 40, seed: 0, size: 48, workers: 0 } as const;
      await writeSpriteClips(train, { ...format, split: 'train' });
      const { clips } = await writeSpriteClips(test, { ...format, clips: 8, split: 'test' });
      const video = clips[0]?.path ?? '';
      const printed = await runExample('finetune-tiny', train, test, join(folder, 'run'), '4', video);
      expect(printed).toContain('done after 4 steps; classes grow, move-up');
      expect(printed).toMatch(/^top-1 [\d.]+ %, mean over classes [\d.]+ %$/m);
      const counts = /^(\d) (\d)\n(\d) (\d)$/m.exec(printed)?.slice(1).map(Number) ?? [];
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(8);
      expect(printed).toMatch(/0000\.mp4: (grow|move-up)$/m);
      expect(existsSync(join(folder, 'run', 'report.html'))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 120_000);
});
