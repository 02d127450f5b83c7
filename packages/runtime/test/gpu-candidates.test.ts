import { findWebGpuAdapter } from '@umt/engine-tfjs';
import { describe, expect, test, vi, afterEach } from 'vitest';
import { tensorFlowCandidate } from '../src/candidates/tensorflow.ts';
import { webGpuCandidate, type WebGpuPlace } from '../src/candidates/webgpu.ts';
import { describeDevices, loadEngine } from '../src/index.node.ts';

const adapter = await findWebGpuAdapter();
const place: WebGpuPlace = { detail: 'here', reason: '', additions: [], hopeless: null };

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('webgpu', () => {
  test('where it cannot be tried it is described by the reason and by what to install', async () => {
    const addition = { benefit: 'speed', install: 'npm install it' };
    const candidate = webGpuCandidate(() =>
      Promise.resolve({ ...place, detail: null, reason: 'absent', additions: [addition] }),
    );
    expect(await candidate.probe()).toEqual({ isAvailable: false, reason: 'absent', additions: [addition] });
  });

  test('auto does not even look for an adapter where there can be none', async () => {
    const candidate = webGpuCandidate(() => Promise.resolve({ ...place, hopeless: 'no GPU under /dev' }));
    await expect(candidate.load({}, false)).rejects.toThrow('no GPU under /dev');
  });

  test.skipIf(!adapter?.isSoftware)('auto leaves a GPU in software alone, and by name it runs', async () => {
    const candidate = webGpuCandidate(() => Promise.resolve(place));
    await expect(candidate.load({}, false)).rejects.toThrow(/computes on the CPU, slower than wasm/);
    const { engine, picked } = await loadEngine({ device: 'webgpu' });
    expect(picked).toMatchObject({ device: 'webgpu', reason: 'asked for' });
    expect(picked.deviceName).toContain('software: computes on the CPU');
    engine.dispose();
  });

  test('is described in Node without being started', async () => {
    const devices = await describeDevices();
    const { availability } = devices.find(({ name }) => name === 'webgpu') ?? {};
    expect(availability).toMatchObject({ isAvailable: true });
    expect(availability).toHaveProperty('detail', expect.stringMatching(/Dawn \(webgpu 0\.6\.2\)/));
  });
});

describe('tensorflow', () => {
  test('auto does not take it on the CPU', async () => {
    const candidate = tensorFlowCandidate(() => Promise.resolve('tfjs-node'));
    expect(await candidate.probe()).toMatchObject({ isAvailable: true, detail: 'with @tensorflow/tfjs-node' });
    await expect(candidate.load({}, false)).rejects.toThrow('on the CPU it is slower than wasm');
  });

  test('asked for and absent, it is an error that says what to install', async () => {
    vi.stubEnv('UMT_TFJS_NODE_DIR', '');
    await expect(loadEngine({ device: 'tensorflow' })).rejects.toThrow(
      "device 'tensorflow' cannot run here: not installed; run: npm install @tensorflow/tfjs-node-gpu@4.22.0",
    );
  });
});
