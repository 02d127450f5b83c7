import { describeOn } from '@umt/conformance';
import { expect, it } from 'vitest';
import { createTorchEngine } from '../src/index.node.ts';
import { runCommand } from '../src/node/command.ts';

await describeOn(
  'torch',
  () => createTorchEngine({ device: 'cpu', threads: 1 }),
  (engine) => {
    it('says version, device, BLAS and threads', () => {
      const { deviceName, threads, torchVersion, precisions } = engine.capabilities as typeof engine.capabilities & {
        readonly torchVersion: string;
      };
      expect(deviceName).toMatch(/^torch \d+\.\d+.*, CPU, (OpenBLAS|MKL|.*BLAS), 1 thread$/);
      expect(deviceName).toContain(torchVersion);
      expect(threads).toBe(1);
      expect(precisions).toEqual(['float32', 'bfloat16']);
    });

    it('a GPU that is not there, and settings that mean nothing, are errors that say why', async () => {
      await expect(createTorchEngine({ device: 'cuda:99' })).rejects.toThrow(/^torch: no device cuda:99: /);
      await expect(createTorchEngine({ threads: 0 })).rejects.toThrow('threads is 0; it must be a positive integer');
      const device = 'tpu' as 'cpu';
      await expect(createTorchEngine({ device })).rejects.toThrow("device 'tpu' is not cpu, cuda or cuda:<number>");
    });

    it('the build command finds what was built, and says so as JSON', async () => {
      const lines: string[] = [];
      expect(
        await runCommand(
          ['build', '--json'],
          (line) => lines.push(line),
          () => {},
        ),
      ).toBe(0);
      const { wasCached, deviceName, torch } = JSON.parse(lines.join('\n'));
      expect(wasCached).toBe(true);
      expect(deviceName).toContain(torch.version);
    });
  },
);
