import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

it('the README example fits the slope of its data', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await import(fileURLToPath(new URL('../README.example.ts', import.meta.url)));
  const lines = log.mock.calls.map((words) => words.join(' '));
  log.mockRestore();
  expect(lines.at(-1)).toBe('done 100');
  const losses = lines.slice(0, 2).map((line) => Number(/^epoch \d: loss (.*)$/.exec(line)?.[1]));
  expect(losses[1]).toBeLessThan(0.01 * (losses[0] ?? 0));
});
