import { TorchUnavailableError, type TorchReport } from '@umt/engine-torch';
import { describe, expect, test } from 'vitest';
import { torchCandidate } from '../src/candidates/torch.ts';

const found: TorchReport = {
  torch: {
    source: 'system',
    version: '1.13.0',
    libraries: '/usr/lib',
    includes: [],
    hasCxx11Abi: true,
    blas: { name: 'OpenBLAS', isReference: false },
    hasCuda: false,
  },
  bridge: '/cache/bridge.node',
};
const slow = { ...found.torch, blas: { name: 'reference BLAS', isReference: true } };

describe('torch', () => {
  test('that is built is described with its version and BLAS', async () => {
    expect(await torchCandidate(() => Promise.resolve(found)).probe()).toEqual({
      isAvailable: true,
      detail: 'torch 1.13.0, OpenBLAS',
      additions: [],
    });
  });

  test('whose bridge is not built says the one command', async () => {
    expect(await torchCandidate(() => Promise.resolve({ ...found, bridge: null })).probe()).toMatchObject({
      isAvailable: false,
      reason: 'the bridge to torch 1.13.0 is not built yet',
      additions: [{ install: 'npx @umt/engine-torch build' }],
    });
  });

  test('that is missing says what to install', async () => {
    const absent = () => Promise.reject(new TorchUnavailableError('torch', 'no torch found; run: pip install torch'));
    expect(await torchCandidate(absent).probe()).toMatchObject({
      isAvailable: false,
      reason: 'no torch found',
      additions: [{ install: 'pip install torch && npx @umt/engine-torch build' }],
    });
  });

  test('on the reference BLAS is left alone by auto, and says what to install', async () => {
    const candidate = torchCandidate(() => Promise.resolve({ ...found, torch: slow }));
    expect(await candidate.probe()).toMatchObject({ additions: [{ install: 'apt-get install libopenblas0-openmp' }] });
    await expect(candidate.load({}, false, 'cpu')).rejects.toThrow('slower than wasm');
  });

  test('without CUDA is not started for CUDA by auto', async () => {
    await expect(torchCandidate(() => Promise.resolve(found)).load({}, false, 'cuda')).rejects.toThrow('no CUDA');
  });
});
