import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
});
