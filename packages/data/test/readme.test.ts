import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

it('the README example gives the one batch that three samples fill', async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await import(fileURLToPath(new URL('../README.example.ts', import.meta.url)));
  expect(print).toHaveBeenCalledOnce();
  const [batch] = print.mock.calls[0] ?? [];
  expect(batch).toMatchObject({ epoch: 0, step: 0 });
  const { paths } = batch as { readonly paths: readonly string[] };
  expect(new Set(paths).size).toBe(2);
  for (const path of paths) expect(path).toMatch(/^videos\/(cats|dogs)\/\w+\.mp4$/);
  print.mockRestore();
});
