import { afterEach, describe, expect, test } from 'vitest';
import type { Engine, Handle } from '@umt/tensor';
import { createCpuEngine, createWasmEngine, EngineMemoryError } from '@umt/engine-tfjs';
import { describeEngines, ENGINES } from './support/engines.ts';

const MEGABYTE = 2 ** 20;

describeEngines(Object.keys(ENGINES), (bench) => {
  test('counts handles, and bytes that several handles share once', () => {
    const { live } = bench;
    const start = live.memory();
    const change = () => ({ tensors: live.memory().tensors - start.tensors, bytes: live.memory().bytes - start.bytes });
    const x = live.upload(new Float32Array(6), [2, 3], 'float32');
    const flags = live.upload(new Uint8Array(5), [5], 'bool');
    expect(change()).toEqual({ tensors: 2, bytes: 29 });
    const [view] = live.run('reshape', [x], { shape: [6] });
    expect(change()).toEqual({ tensors: 3, bytes: 29 });
    live.free(x);
    expect(change()).toEqual({ tensors: 2, bytes: 29 });
    live.free(view as Handle);
    expect(change()).toEqual({ tensors: 1, bytes: 5 });
    live.free(flags);
    expect(change()).toEqual({ tensors: 0, bytes: 0 });
  });

  test('a thousand operations leave nothing behind and do not grow the heap', () => {
    const { live } = bench;
    const rows = 64;
    const x = live.upload(new Float32Array(rows * 128).fill(0.5), [rows, 128], 'float32');
    const weight = live.upload(new Float32Array(128 * 128).fill(0.01), [128, 128], 'float32');
    const cycle = () => {
      const made: Handle[] = [];
      const run = (...call: Parameters<Engine['run']>) => {
        const results = live.run(...call);
        made.push(...results);
        return results[0] as Handle;
      };
      const y = run('matmul', [x, weight], { transposeA: false, transposeB: true });
      const z = run(
        'softmax',
        [
          run(
            'add',
            [
              run('transpose', [y], { permutation: [1, 0] }),
              weight.shape[0] === rows ? y : run('fill', [], { shape: [], value: 1, dtype: 'float32' }),
            ],
            {},
          ),
        ],
        {},
      );
      run('sum', [run('concat', [z, z], { axis: 0 })], { axes: [0, 1], keepAxes: false });
      const composite = live.composites.linear;
      if (composite?.forward && composite.backward) {
        const outputs = composite.forward([x, weight, null], {});
        made.push(...outputs);
        made.push(
          ...composite
            .backward([x, weight], outputs[0] as Handle, {}, [true, true, false])
            .filter((handle) => handle !== null),
        );
      }
      for (const handle of made) live.free(handle);
    };
    for (let i = 0; i < 20; i++) cycle();
    const before = live.memory();
    for (let i = 0; i < (live.name === 'cpu' ? 20 : 150); i++) cycle();
    expect(live.memory()).toEqual(before);
    live.free(x);
    live.free(weight);
  });

  test('a handle freed twice, used after, or of another engine is named', async () => {
    const { live } = bench;
    const x = live.upload(new Float32Array(2), [2], 'float32');
    live.free(x);
    expect(() => live.free(x)).toThrow(/handle \[2\] was already freed/);
    expect(() => live.run('exp', [x], {})).toThrow(/already freed/);
    await expect(live.read(x)).rejects.toThrow(/already freed/);
    const other = await createCpuEngine();
    const foreign = other.upload(new Float32Array(3), [3], 'float32');
    expect(() => live.run('exp', [foreign], {})).toThrow(/\[3\] belongs to another engine/);
  });

  test('refuses half precisions and data that does not fill its shape', () => {
    const { live } = bench;
    expect(live.capabilities.precisions).toEqual(['float32']);
    expect(() => live.upload(new Float32Array(2), [2], 'bfloat16')).toThrow(/no bfloat16/);
    expect(() => live.upload(new Float32Array(2), [3], 'float32')).toThrow(/2 elements do not fill \[3\]/);
    expect(() => live.run('fill', [], { shape: [1], value: 0, dtype: 'float16' })).toThrow(/no float16/);
  });

  test('what was uploaded and what was read are copies', async () => {
    const { live } = bench;
    const data = Float32Array.of(1, 2);
    const x = live.upload(data, [2], 'float32');
    data[0] = 9;
    const first = await live.read(x);
    expect(first).toEqual(Float32Array.of(1, 2));
    first[1] = 9;
    expect(await live.read(x)).toEqual(Float32Array.of(1, 2));
    live.free(x);
  });
});

describe('a full wasm heap', () => {
  const engines: Engine[] = [];
  afterEach(() => {
    for (const engine of engines.splice(0)) engine.dispose();
  });

  async function start(gemm: 'xnnpack' | 'onnxruntime'): Promise<Engine> {
    const engine = await createWasmEngine({ gemm, memoryLimitBytes: 8 * MEGABYTE });
    engines.push(engine);
    return engine;
  }

  test.each(['xnnpack', 'onnxruntime'] as const)('throws EngineMemoryError and stays usable (%s)', async (gemm) => {
    const engine = await start(gemm);
    const length = MEGABYTE / 2;
    const upload = (shape: readonly [number, number]) =>
      engine.upload(new Float32Array(shape[0] * shape[1]).fill(2), shape, 'float32');
    const [x, weight, gradient] = [upload([512, 1024]), upload([256, 1024]), upload([512, 256])];
    const [y] = engine.run('square', [x], {});
    const before = engine.memory();
    const attempts: (() => unknown)[] = [
      () => engine.run('concat', [x, y as Handle], { axis: 0 }),
      () => engine.run('broadcast', [x], { shape: [4, 512, 1024] }),
      () => engine.upload(new Float32Array(4 * length), [4, length], 'float32'),
      // these have room for the first of their results
      () => engine.run('topK', [x], { k: 1024 }),
      () => engine.composites.linear?.backward?.([x, weight], gradient, {}, [true, true, true]),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(EngineMemoryError);
    try {
      engine.run('broadcast', [x], { shape: [16, 512, 1024] });
    } catch (error) {
      expect(error).toMatchObject({ requestedBytes: 32 * MEGABYTE, limitBytes: 8 * MEGABYTE });
      expect(String(error)).toMatch(/wasm: no room for 33554432 bytes beside the \d+ in use/);
    }
    engine.free(y as Handle);
    const [z] = engine.run('exp', [x], {});
    expect((await engine.read(z as Handle))[length - 1]).toBeCloseTo(Math.exp(2), 5);
    expect(engine.memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  test('what wasm itself cannot address is refused before it can overlap', async () => {
    const engine = await start('xnnpack');
    expect(() => engine.run('fill', [], { shape: [2 ** 30], value: 0, dtype: 'float32' })).toThrow(EngineMemoryError);
    expect(() => engine.run('fill', [], { shape: [2 ** 31], value: 0, dtype: 'float32' })).toThrow(EngineMemoryError);
  });
});

test('several wasm engines live beside each other, each with its own heap', async () => {
  const [a, b] = [await createWasmEngine({ gemm: 'xnnpack' }), await createWasmEngine()];
  const x = a.upload(new Float32Array(MEGABYTE * 8).fill(1), [MEGABYTE * 8], 'float32');
  const y = b.upload(Float32Array.of(2, 3), [2], 'float32');
  expect(b.memory().reservedBytes).toBeLessThan(a.memory().reservedBytes);
  const [squares, total] = [b.run('square', [y], {})[0], a.run('sum', [x], { axes: [0], keepAxes: false })[0]];
  a.dispose();
  expect(await b.read(squares as Handle)).toEqual(Float32Array.of(4, 9));
  expect(total?.shape).toEqual([]);
  expect(() => a.run('square', [x], {})).toThrow(/disposed/);
  a.free(x);
  a.dispose();
  b.dispose();
});

test('starting engines adds no listener to the process', async () => {
  const count = () => process.listenerCount('unhandledRejection') + process.listenerCount('uncaughtException');
  const before = count();
  for (let i = 0; i < 3; i++) (await createWasmEngine({ gemm: 'xnnpack' })).dispose();
  expect(count()).toBe(before);
});
