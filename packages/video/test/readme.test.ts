import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { clipPath } from './fixtures/files.ts';

const home = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'umt-video-readme-'));

afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

it('the README example fills a clip from clip.mp4', async () => {
  copyFileSync(clipPath('box-1.mp4'), join(folder, 'clip.mp4'));
  process.chdir(folder);
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const report = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await import(fileURLToPath(new URL('../README.example.ts', import.meta.url)));
  expect(complaint).not.toHaveBeenCalled();
  const [text, firstPixel] = report.mock.calls[0] ?? [];
  expect(text).toBe('120 frames of 320x240; the clip starts with');
  // A grey wall: normalised values, not the zeros that the array began with.
  expect([...(firstPixel as Float32Array)].every((value) => value !== 0 && Math.abs(value) < 2.7)).toBe(true);
});
