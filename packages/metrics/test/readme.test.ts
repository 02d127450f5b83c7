import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

it('the README example merges three views and counts the video', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await import(fileURLToPath(new URL('../README.example.ts', import.meta.url)));
  const printed = log.mock.calls;
  log.mockRestore();
  expect(printed).toEqual([[[0, 1]], [1, 1, 1]]);
});
