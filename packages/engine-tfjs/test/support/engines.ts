import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { DType, Engine, Handle, PrimitiveAttributes, PrimitiveName, TypedArray } from '@umt/tensor';
import { createCpuEngine, createWasmEngine } from '@umt/engine-tfjs';
import type { Nd } from './naive.ts';

/** Every engine of this package, by what a test report should call it. */
export const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  cpu: createCpuEngine,
  'wasm, XNNPACK': () => createWasmEngine({ gemm: 'xnnpack' }),
  'wasm, onnxruntime': () => createWasmEngine({ gemm: 'onnxruntime', threads: 2 }),
};

/** Runs a suite once per engine; `bench` gives the live engine inside tests. */
export function describeEngines(names: readonly string[], suite: (bench: Workbench, name: string) => void): void {
  for (const name of names) {
    describe(name, () => {
      const bench = new Workbench();
      beforeAll(async () => {
        bench.engine = await ENGINES[name]?.();
      });
      afterAll(() => {
        bench.engine?.dispose();
      });
      suite(bench, name);
    });
  }
}

/** An engine with helpers to put arrays in and take them out. */
export class Workbench {
  engine: Engine | undefined;

  get live(): Engine {
    if (!this.engine) throw new Error('the engine did not start');
    return this.engine;
  }

  put(x: Nd, dtype: DType = 'float32'): Handle {
    return this.live.upload(arrayOf(x, dtype), x.shape, dtype);
  }

  async take(handle: Handle): Promise<Nd> {
    const data = await this.live.read(handle);
    this.live.free(handle);
    return { shape: handle.shape, data: Array.from(data) };
  }

  /** Runs a primitive on arrays and frees everything; checks that nothing else stays behind. */
  async run<P extends PrimitiveName>(
    primitive: P,
    inputs: readonly (Nd | readonly [Nd, DType])[],
    attributes: PrimitiveAttributes[P],
  ): Promise<Nd[]> {
    const before = this.live.memory();
    const handles = inputs.map((input) => ('data' in input ? this.put(input) : this.put(...input)));
    const outputs = this.live.run(primitive, handles, attributes);
    for (const handle of handles) this.live.free(handle);
    const results: Nd[] = [];
    for (const output of outputs) results.push(await this.take(output));
    expect(this.live.memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    return results;
  }
}

export function arrayOf({ data }: Nd, dtype: DType): TypedArray {
  if (dtype === 'int32') return Int32Array.from(data);
  return dtype === 'bool' ? Uint8Array.from(data) : Float32Array.from(data);
}

/** Equal shapes, and elements within `tolerance` of the larger of 1 and their size; NaN equals NaN. */
export function expectClose(actual: Nd | undefined, expected: Nd, tolerance = 1e-5): void {
  expect(actual?.shape).toEqual(expected.shape);
  const off = expected.data.flatMap((value, index) => {
    const got = actual?.data[index] ?? NaN;
    const isSame = Object.is(got, value) || got === value || (Number.isNaN(got) && Number.isNaN(value));
    return isSame || Math.abs(got - value) <= tolerance * Math.max(1, Math.abs(value)) ? [] : [{ index, got, value }];
  });
  expect(off.slice(0, 5)).toEqual([]);
}

/** A seeded source of numbers in (-scale, scale). */
export function numbers(seed: number): (shape: readonly number[], scale?: number) => Nd {
  let state = seed;
  return (shape, scale = 1) => {
    const length = shape.reduce((product, one) => product * one, 1);
    const data = Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.fround(scale * ((2 * state) / 2 ** 32 - 1));
    });
    return { shape, data };
  };
}
