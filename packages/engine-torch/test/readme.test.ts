import { fileURLToPath } from 'node:url';
import { describeOn } from '@umt/conformance';
import { expect, it, vi } from 'vitest';
import { createTorchEngine } from '../src/index.node.ts';

await describeOn(
  'torch',
  () => createTorchEngine(),
  () => {
    it('the README example prints a device, a loss and its gradient', async () => {
      const report = vi.spyOn(console, 'log').mockImplementation(() => undefined);
      await import(fileURLToPath(new URL('../README.example.ts', import.meta.url)));
      const [device, loss, [gradient]] = report.mock.calls[0] as [string, Float32Array, [Float32Array]];
      report.mockRestore();
      expect(device).toMatch(/^torch \d/);
      // y = [-0.5, -0.5]: the mean square is 0.25, and its gradient the mean of 2 y x
      expect(loss).toEqual(Float32Array.of(0.25));
      expect(gradient).toEqual(Float32Array.of(-2, -3));
    });
  },
);
