import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { matmul, read, scope, setEngine, tensor, type Engine } from '@umt/tensor';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Availability, Candidate } from '../src/candidate.ts';
import { DeviceError, describeDevices, installedVersion, loadEngine, pickedLine } from '../src/index.node.ts';
import * as browser from '../src/index.ts';
import { loadChosen } from '../src/pick.ts';

/** Stands where an engine stands; only its name is looked at. */
function engineNamed(name: string): Engine {
  const refuse = () => {
    throw new Error('not part of this test');
  };
  return {
    name,
    capabilities: { precisions: ['float32'], maxTensorSize: 1, threads: 1, deviceName: `${name}, 1 thread` },
    composites: {},
    upload: refuse,
    read: refuse,
    free: refuse,
    run: refuse,
    memory: () => ({ tensors: 0, bytes: 0, reservedBytes: 0 }),
    dispose: () => {},
  };
}

function candidate(
  name: string,
  settings: { fails?: string; availability?: Availability; isAutomatic?: boolean } = {},
): Candidate {
  const { fails, availability = { isAvailable: true, detail: '', additions: [] }, isAutomatic = true } = settings;
  return {
    name,
    about: '',
    isAutomatic,
    probe: () => Promise.resolve(availability),
    load: () => (fails === undefined ? Promise.resolve(engineNamed(name)) : Promise.reject(new Error(fails))),
  };
}

const absent: Availability = {
  isAvailable: false,
  reason: 'its library is not installed',
  additions: [{ benefit: 'speed', install: 'npm install fast' }],
};

describe('the choice', () => {
  const choose = (device: string | undefined, candidates: readonly Candidate[], environment?: string) =>
    loadChosen(device === undefined ? {} : { device }, { candidates, environment });

  test('auto takes the first that runs and says what it passed over', async () => {
    const candidates = [
      candidate('fast', { availability: absent }),
      candidate('odd', { fails: 'no adapter' }),
      candidate('slow'),
    ];
    const { picked, engine } = await choose('auto', candidates);
    expect(engine.name).toBe('slow');
    expect(picked.reason).toBe(
      'auto: the first that runs here; passed over: fast (its library is not installed), odd (no adapter)',
    );
  });

  test('auto never takes one that is for tests', async () => {
    await expect(choose('auto', [candidate('cpu', { isAutomatic: false })])).rejects.toThrow(DeviceError);
  });

  test('UMT_DEVICE decides where nothing was asked for, and gives way where something was', async () => {
    const candidates = [candidate('a'), candidate('b')];
    expect((await choose(undefined, candidates, 'b')).picked).toMatchObject({
      device: 'b',
      reason: 'UMT_DEVICE asks for it',
    });
    expect((await choose('a', candidates, 'b')).picked).toMatchObject({ device: 'a', reason: 'asked for' });
    expect((await choose(undefined, candidates, '')).picked.device).toBe('a');
  });

  test('a device that was asked for and cannot run is an error, not another device', async () => {
    const candidates = [candidate('fast', { availability: absent }), candidate('slow')];
    const message = "device 'fast' cannot run here: its library is not installed; run: npm install fast";
    await expect(choose('fast', candidates)).rejects.toThrow(new DeviceError('fast', message));
    await expect(choose(undefined, candidates, 'fast')).rejects.toThrow(message);
    await expect(choose('odd', [candidate('odd', { fails: 'no adapter' })])).rejects.toThrow(
      "device 'odd' does not start: no adapter",
    );
  });

  test('a place after the name reaches the engine that has places, and no other', async () => {
    const places: (string | undefined)[] = [];
    const torch: Candidate = {
      ...candidate('torch'),
      places: 'cpu, cuda',
      load: (_options, _isAskedFor, place) => {
        places.push(place);
        return place === 'cuda' ? Promise.reject(new Error('no GPU')) : Promise.resolve(engineNamed('torch'));
      },
    };
    await choose('torch:cpu', [torch]);
    await choose('torch', [torch]);
    await expect(choose('torch:cuda', [torch])).rejects.toThrow("device 'torch:cuda' does not start: no GPU");
    expect(places).toEqual(['cpu', undefined, 'cuda']);
    await expect(choose('wasm:cpu', [torch, candidate('wasm')])).rejects.toThrow(
      "there is no device 'wasm:cpu'; there is auto, torch (also in cpu, cuda), wasm",
    );
    const attempts = [
      { candidate: torch, place: 'cuda' },
      { candidate: candidate('wasm', { fails: 'no memory' }) },
      { candidate: torch, place: 'cpu' },
    ];
    const { picked } = await loadChosen({}, { candidates: [torch], attempts, environment: undefined });
    expect(picked).toMatchObject({
      device: 'torch',
      reason: 'auto: the first that runs here; passed over: torch:cuda (no GPU), wasm (no memory)',
    });
  });

  test('an unknown device is answered with those there are', async () => {
    await expect(choose('gpu', [candidate('a'), candidate('b')])).rejects.toThrow(
      "there is no device 'gpu'; there is auto, a, b",
    );
  });
});

describe('in Node', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    setEngine(undefined);
  });

  test.each(['auto', 'wasm', 'cpu'])('%s loads an engine that multiplies', async (device) => {
    const { engine, picked, candidates } = await loadEngine({ device });
    setEngine(engine);
    const product = scope(() => matmul(tensor([1, 2, 3, 4], [2, 2]), tensor([5, 6, 7, 8], [2, 2])));
    expect([...(await read(product))]).toEqual([19, 22, 43, 50]);
    const torch = (await describeDevices()).find(({ name }) => name === 'torch');
    expect(picked.device).toBe(device !== 'auto' ? device : torch?.availability.isAvailable ? 'torch' : 'wasm');
    expect(pickedLine(picked)).toMatch(new RegExp(`^device ${engine.name}: .+ \\(.+\\)$`));
    expect(candidates.map(({ name }) => name)).toEqual(['torch', 'tensorflow', 'webgpu', 'wasm', 'cpu']);
    engine.dispose();
  });

  test('gemm and threads reach the wasm engine', async () => {
    const { engine, picked } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' });
    expect(picked.deviceName).toMatch(/XNNPACK/i);
    engine.dispose();
  });

  test('UMT_DEVICE is read from the environment', async () => {
    vi.stubEnv('UMT_DEVICE', 'cpu');
    const { picked, engine } = await loadEngine();
    expect(picked).toMatchObject({ device: 'cpu', reason: 'UMT_DEVICE asks for it' });
    engine.dispose();
    vi.stubEnv('UMT_DEVICE', 'quantum');
    await expect(loadEngine()).rejects.toThrow("there is no device 'quantum'");
  });

  test('the devices are described without being started', async () => {
    const [, , , wasm, cpu] = await describeDevices();
    expect(wasm).toMatchObject({ name: 'wasm', availability: { isAvailable: true } });
    expect(cpu).toMatchObject({ name: 'cpu', availability: { isAvailable: true } });
  });
});

test('in browsers there is wasm without onnxruntime-node, and nothing is read from an environment', async () => {
  const [webgpu, wasm] = await browser.describeDevices();
  expect(webgpu).toMatchObject({ name: 'webgpu', availability: { isAvailable: false } });
  expect(wasm?.availability).toEqual({ isAvailable: true, detail: 'with XNNPACK', additions: [] });
  expect(await browser.installedVersion(['zod'], import.meta.url)).toBeNull();
});

describe('installed packages', () => {
  test('are found through the packages that import them, also where folders are links', async () => {
    const root = await mkdtemp(join(tmpdir(), 'umt-installed-'));
    try {
      const store = join(root, 'store/middle');
      await mkdir(join(store, 'node_modules/leaf'), { recursive: true });
      await mkdir(join(root, 'app/node_modules'), { recursive: true });
      await writeFile(join(store, 'node_modules/leaf/package.json'), '{"name": "leaf", "version": "1.2.3"}');
      await symlink(store, join(root, 'app/node_modules/middle'));
      const app = join(root, 'app/index.js');
      expect(await installedVersion(['middle', 'leaf'], app)).toBe('1.2.3');
      expect(await installedVersion(['leaf'], app)).toBeNull();
      expect(await installedVersion(['middle', 'absent'], app)).toBeNull();
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
