import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

it('the README example renders, describes and writes clips', async () => {
  const [folder, home] = [mkdtempSync(join(tmpdir(), 'umt-sprites-')), process.cwd()];
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  process.chdir(folder);
  try {
    await import(fileURLToPath(new URL('../README.example.ts', import.meta.url)));
    expect(print.mock.calls.map(([printed]) => printed as unknown)).toEqual([
      '16 frames of 96 x 96, 442368 bytes; backwards it is pull',
      'In this video, a chicken comes up to a blue heart and shoves it along.',
      { question: 'What happens in the video?', answer: 'push' },
      28 / 48,
      join('sprites', 'train', 'move-right', '00000.mp4'),
    ]);
  } finally {
    print.mockRestore();
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  }
});
