import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Engine, Handle, PrimitiveAttributes, PrimitiveName, TypedArray } from '@umt/tensor';
import { isRequired } from '@umt/conformance';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findWebGpuAdapter, GpuError, GpuLostError, WebGpuUnavailableError } from '../src/index.node.ts';
import { openDawn } from '../src/node/dawn.ts';
import type { OpenGpu } from '../src/webgpu/adapter.ts';
import { openBrowserGpu } from '../src/webgpu/browser-gpu.ts';
import { createWebGpuEngineWith } from '../src/webgpu/create.ts';
import type { WebGpuEngine } from '../src/webgpu/engine.ts';
import { addressOf } from '../src/webgpu/shaders/address.ts';

const navigatorBefore = (globalThis as { navigator?: object }).navigator;
const adapter = await findWebGpuAdapter();
const isAbsent = adapter === null && !isRequired('webgpu', process.env['UMT_REQUIRE_ENGINES'] ?? '');

/** Opens Dawn and keeps hold of the device that an engine asks for. */
function spied(devices: GPUDevice[], change: (device: GPUDevice) => void = () => {}): OpenGpu {
  return async (options) => {
    const source = await openDawn(options);
    return {
      expose: source.expose,
      gpu: {
        requestAdapter: async (wanted?: GPURequestAdapterOptions) => {
          const found = await source.gpu.requestAdapter(wanted);
          if (!found) return null;
          const requestDevice = found.requestDevice.bind(found);
          found.requestDevice = async (descriptor) => {
            const device = await requestDevice(descriptor);
            change(device);
            devices.push(device);
            return device;
          };
          return found;
        },
      } as GPU,
    };
  };
}

describe.skipIf(isAbsent)('webgpu in Node (skipped where no adapter is found)', () => {
  let engine: WebGpuEngine;
  let device: GPUDevice;

  beforeEach(async () => {
    const devices: GPUDevice[] = [];
    engine = await createWebGpuEngineWith({}, spied(devices));
    [device] = devices as [GPUDevice];
  });
  afterEach(() => engine.dispose());

  const put = (data: TypedArray, shape: readonly number[]) =>
    engine.upload(data, shape, data instanceof Int32Array ? 'int32' : 'float32');
  const run = <P extends PrimitiveName>(name: P, inputs: readonly Handle[], attributes: PrimitiveAttributes[P]) =>
    engine.run(name, inputs, attributes)[0] as Handle;
  const ones = (...shape: number[]) => run('fill', [], { shape, value: 1, dtype: 'float32' });

  test('the device has every limit that the adapter offers', () => {
    expect(device.limits.maxStorageBuffersPerShaderStage).toBeGreaterThanOrEqual(10);
    expect(engine.capabilities.maxTensorSize).toBe(
      Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) / 4,
    );
    expect(engine.capabilities.deviceName).toMatch(/^WebGPU on .+/);
  });

  test('the process is not taken for a browser afterwards', () => {
    expect((globalThis as { navigator?: object }).navigator).toBe(navigatorBefore);
    expect(navigatorBefore ?? {}).not.toHaveProperty('gpu');
  });

  describe('errors', () => {
    const fail = () => device.createShaderModule({ code: 'this is no shader' });

    test('a failure in between is thrown by the next read, once, and the engine goes on', async () => {
      const x = ones(3);
      fail();
      await expect(engine.read(x)).rejects.toThrow(
        /^webgpu: validation error, results since the last read may be wrong/,
      );
      expect([...(await engine.read(x))]).toEqual([1, 1, 1]);
      expect(engine.isLost).toBe(false);
    });

    test('it is a GpuError that says what kind', async () => {
      fail();
      const error: unknown = await engine.read(ones(1)).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(GpuError);
      expect(error).toMatchObject({ kind: 'validation' });
    });

    test('reads under way together all hear of it', async () => {
      const [x, y] = [ones(3), ones(2)];
      fail();
      const results = await Promise.allSettled([engine.read(x), engine.read(y)]);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(await engine.read(y)).toHaveLength(2);
    });

    test('an output that the device cannot bind is refused in plain words, and nothing is held', async () => {
      const before = engine.memory();
      const length = engine.capabilities.maxTensorSize + 1;
      expect(() => ones(length)).toThrow(
        new RegExp(
          `^webgpu: a float32 tensor \\[${length}\\] takes ${length * 4} bytes, and this device binds at most`,
        ),
      );
      expect(engine.memory()).toEqual(before);
      expect([...(await engine.read(ones(1)))]).toEqual([1]);
    });

    test('a lost device is reported by the read under way, by calls and by the engine', async () => {
      const x = run('add', [ones(4), ones(4)], {});
      const reading = engine.read(x);
      device.destroy();
      await expect(reading).rejects.toThrow(GpuLostError);
      const loss = await engine.lost;
      expect(loss.message).toMatch(/^webgpu: the device was lost \(destroyed\).*go on from a checkpoint$/);
      expect(engine.isLost).toBe(true);
      expect(() => ones(1)).toThrow(loss);
      expect(() => engine.upload(Float32Array.of(1), [1], 'float32')).toThrow(loss);
      await expect(engine.read(x)).rejects.toThrow(loss);
      engine.free(x);
    });

    test('a disposed engine says so, lets late scopes free, and is not lost', async () => {
      const x = ones(1);
      engine.dispose();
      engine.dispose();
      expect(() => ones(1)).toThrow('webgpu: the engine was disposed');
      engine.free(x);
      expect(engine.memory()).toEqual({ tensors: 0, bytes: 0, reservedBytes: 0 });
      const settled = await Promise.race([engine.lost, new Promise((resolve) => setTimeout(resolve, 50, 'not lost'))]);
      expect(settled).toBe('not lost');
    });
  });

  describe('what TensorFlow.js gets wrong', () => {
    test('int32 beyond 2^24 is exact wherever it goes, and wraps', async () => {
      const values = Int32Array.of(16777217, -16777219, 2147483647, -2147483648, 33554433, 7);
      const x = put(values, [2, 3]);
      const transposed = run('transpose', [x], { permutation: [1, 0] });
      expect([...(await engine.read(transposed))]).toEqual([0, 3, 1, 4, 2, 5].map((i) => values[i]));
      const joined = run('concat', [x, x], { axis: 1 });
      expect([...(await engine.read(joined))].slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2].map((i) => values[i]));
      expect([...(await engine.read(run('gather', [x, put(Int32Array.of(1), [1])], {})))]).toEqual([
        ...values.slice(3),
      ]);
      const one = put(Int32Array.of(1), []);
      expect([...(await engine.read(run('add', [x, one], {})))]).toEqual([...values.map((value) => value + 1)]);
      expect([...(await engine.read(run('sum', [x], { axes: [1], keepAxes: false })))]).toEqual([
        2147483645, -2113929208,
      ]);
    });

    test('any number of tensors join: there are only so many bindings', async () => {
      const parts = Array.from({ length: 40 }, (_, i) => put(Float32Array.of(i), [1]));
      const joined = run('concat', parts, { axis: 0 });
      expect([...(await engine.read(joined))]).toEqual(Array.from({ length: 40 }, (_, i) => i));
    });

    test('ranks have no limit', async () => {
      const shape = [2, 1, 2, 2, 1, 2, 2, 2, 2];
      const x = put(
        Float32Array.from({ length: 128 }, (_, i) => i),
        shape,
      );
      const back = shape.map((_, i) => shape.length - 1 - i);
      const reversed = await engine.read(run('transpose', [x], { permutation: back }));
      const bits = (i: number) => Number.parseInt([...i.toString(2).padStart(7, '0')].reverse().join(''), 2);
      expect([...reversed]).toEqual(Array.from({ length: 128 }, (_, i) => bits(i)));
      const wide = run('broadcast', [put(Float32Array.of(1, 2), [2])], { shape: [1, 2, 1, 2, 1, 2, 1, 2] });
      expect([...(await engine.read(wide))]).toEqual(Array.from({ length: 16 }, (_, i) => 1 + (i % 2)));
    });

    test('more rows than one dimension of a dispatch has workgroups', async () => {
      // 65535 rows take a software GPU a minute, so the limit is lowered
      const limits = {
        maxComputeWorkgroupsPerDimension: 16,
        maxStorageBufferBindingSize: 2 ** 27,
        maxBufferSize: 2 ** 28,
      };
      const open = spied([], (made) => Object.defineProperty(made, 'limits', { value: limits }));
      const small = await createWebGpuEngineWith({}, open);
      const [rows, width] = [250, 65];
      const data = Float32Array.from({ length: rows * width }, (_, i) =>
        i % width === Math.floor(i / width) % width ? 50 : 0,
      );
      const x = small.upload(data, [rows, width], 'float32');
      const weights = await small.read(small.run('softmax', [x], {})[0] as Handle);
      const sums = await small.read(small.run('sum', [x], { axes: [1], keepAxes: false })[0] as Handle);
      const tall = small.upload(new Float32Array(1200).fill(2), [1200, 1], 'float32');
      const options = { transposeA: false, transposeB: true };
      const product = await small.read(small.run('matmul', [tall, tall], options)[0] as Handle);
      small.dispose();
      for (let row = 0; row < rows; row++) {
        expect(weights[row * width + (row % width)]).toBeCloseTo(1, 6);
        expect(weights[row * width + ((row + 1) % width)]).toBeLessThan(1e-20);
      }
      expect([...sums]).toEqual(new Array(rows).fill(50));
      expect(product.every((value) => value === 4)).toBe(true);
    });

    test('equal elements keep their order in topK', async () => {
      const x = put(
        Float32Array.from({ length: 300 }, (_, i) => Math.floor(i / 3) % 5),
        [300],
      );
      const [, places] = engine.run('topK', [x], { k: 20 });
      const expected = Array.from({ length: 300 }, (_, i) => i).filter((i) => Math.floor(i / 3) % 5 === 4);
      expect([...(await engine.read(places as Handle))]).toEqual(expected.slice(0, 20));
    });

    test('a NaN in one matrix stays out of the product of the one before it', async () => {
      const [a, b] = [new Float32Array(2 * 3 * 5).fill(1), new Float32Array(2 * 5 * 3).fill(1)];
      b.fill(NaN, 15);
      const options = { transposeA: false, transposeB: false };
      const y = await engine.read(run('matmul', [put(a, [2, 3, 5]), put(b, [2, 5, 3])], options));
      expect([...y.slice(0, 9)]).toEqual(new Array(9).fill(5));
      expect(y.slice(9).every(Number.isNaN)).toBe(true);
    });

    test('a long inner axis gives the same bits every time', async () => {
      const numbers = (seed: number) => Float32Array.from({ length: 4096 * 3 }, (_, i) => Math.sin(seed + i));
      const [a, b] = [put(numbers(1), [4096, 3]), put(numbers(2), [4096, 3])];
      const product = () => engine.read(run('matmul', [a, b], { transposeA: true, transposeB: false }));
      const first = await product();
      expect(await product()).toEqual(first);
      const others = numbers(2);
      const expected = numbers(1).reduce((sum, x, i) => (i % 3 === 0 ? sum + x * (others[i] ?? 0) : sum), 0);
      expect(first[0]).toBeCloseTo(expected, 2);
    });
  });

  test('buffers are used again: memory in reserve stops growing', async () => {
    const round = async () => {
      const handles: Handle[] = [];
      for (let i = 0; i < 20; i++) handles.push(ones(64, 64));
      const total = run('add', [handles[0] as Handle, handles[1] as Handle], {});
      await engine.read(total);
      for (const handle of [...handles, total]) engine.free(handle);
    };
    await round();
    await round();
    const { reservedBytes } = engine.memory();
    for (let i = 0; i < 5; i++) await round();
    expect(engine.memory()).toEqual({ tensors: 0, bytes: 0, reservedBytes });
  });
});

describe.skipIf(isAbsent)('a program (skipped where no adapter is found)', () => {
  let folder: string | undefined;
  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true });
  });

  /** Runs a module body that has `createWebGpuEngine`, and gives what it printed. */
  async function program(body: string): Promise<string> {
    const here = fileURLToPath(new URL('..', import.meta.url));
    folder ??= await mkdtemp(join(here, 'node_modules', '.program-'));
    const outfile = join(folder, 'program.mjs');
    await build({
      stdin: {
        contents: `import { createWebGpuEngine } from './src/index.node.ts';\n${body}`,
        resolveDir: here,
        loader: 'ts',
      },
      alias: { '@umt/tensor': fileURLToPath(new URL('../../tensor/src/index.ts', import.meta.url)) },
      packages: 'external',
      bundle: true,
      format: 'esm',
      platform: 'node',
      outfile,
    });
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', outfile], { timeout: 30_000 });
    return stdout.trim();
  }

  const COMPUTE = `
    const engine = await createWebGpuEngine();
    const x = engine.upload(Float32Array.of(1, 2), [2], 'float32');
    const double = async () => (await engine.read(engine.run('add', [x, x], {})[0])).join();`;

  test('ends by itself, whether it disposed the engine or not', async () => {
    expect(await program(`${COMPUTE} console.log(await double());`)).toBe('2,4');
    expect(await program(`${COMPUTE} console.log(await double()); engine.dispose();`)).toBe('2,4');
  });

  test('keeps its GPU through garbage collections', async () => {
    const body = `${COMPUTE}
      for (let i = 0; i < 20; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 2)); await double(); }
      console.log(await double());`;
    expect(await program(body)).toBe('2,4');
  });
});

test('without WebGPU a browser engine says so', async () => {
  const starting: Promise<Engine> = createWebGpuEngineWith({}, openBrowserGpu);
  await expect(starting).rejects.toThrow(WebGpuUnavailableError);
});

test('without an adapter an engine says so', async () => {
  const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
  const starting = createWebGpuEngineWith({}, () => Promise.resolve({ gpu, expose: (make) => make() }));
  await expect(starting).rejects.toThrow(/^webgpu: there is no adapter; install a Vulkan/);
});

test('a walk that all arrays take in order needs no arithmetic', () => {
  const contiguous = { lengths: [2, 1, 3, 4], strides: [[12, 12, 4, 1]] };
  expect(addressOf(contiguous, [0])).toEqual({ key: 'flat', code: '', places: ['index'], uniforms: [] });
  const swapped = addressOf({ lengths: [5, 2, 3], strides: [[3, 15, 1]] }, [7]);
  expect(swapped.uniforms).toEqual([
    { name: 'offset0', type: 'i32', value: 7 },
    { name: 'step0_0', type: 'i32', value: 3 },
    { name: 'length1', type: 'i32', value: 2 },
    { name: 'step0_1', type: 'i32', value: 15 },
    { name: 'length2', type: 'i32', value: 3 },
    { name: 'step0_2', type: 'i32', value: 1 },
  ]);
});
