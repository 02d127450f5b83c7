import type { ParameterSource } from '@umt/nn';
import { sizeOf, type Engine, type Handle, type Shape, type TypedArray } from '@umt/tensor';
import { createShapeEngine } from './shape-engine.ts';

/**
 * An engine that keeps what is uploaded, without a copy, and can compute nothing but another shape: models of any size can be
 * loaded and saved.
 */
export function createStorageEngine(): Engine {
  const stored = new WeakMap<Handle, TypedArray>();
  const shapes = createShapeEngine();
  return {
    ...shapes,
    name: 'storage',
    upload(data, shape, dtype) {
      const handle = shapes.upload(data, shape, dtype);
      stored.set(handle, data);
      return handle;
    },
    run(primitive, inputs, attributes) {
      const [input] = inputs;
      if (primitive !== 'reshape' || !input || !('shape' in attributes)) {
        return shapes.run(primitive, inputs, attributes);
      }
      const data = stored.get(input);
      if (!data) throw new Error('reshape: nothing was uploaded for this handle');
      return [this.upload(data, attributes.shape, input.dtype)];
    },
    read(handle) {
      const data = stored.get(handle);
      return data ? Promise.resolve(data) : Promise.reject(new Error('nothing was uploaded for this handle'));
    },
  };
}

/** Whether two arrays have the same bits; instantly where they are the same memory. */
export function haveSameBits(a: TypedArray, b: TypedArray): boolean {
  if (a.byteLength !== b.byteLength) return false;
  if (a.buffer === b.buffer && a.byteOffset === b.byteOffset) return true;
  const [left, right] = [a, b].map((one) => new Uint8Array(one.buffer, one.byteOffset, one.byteLength));
  return left !== undefined && left.every((byte, index) => byte === right?.[index]);
}

/**
 * A source of any size in the memory of its largest array: each is a part of one pool of numbers, which begins where its name
 * says, so that no two are the same.
 */
export function pooledSource(shapes: ReadonlyMap<string, Shape>): ParameterSource {
  const names = [...shapes.keys()];
  const largest = Math.max(...[...shapes.values()].map(sizeOf));
  const pool = new Float32Array(largest + names.length);
  for (let index = 0; index < pool.length; index++) pool[index] = ((index * 40503) % 65537) / 65537;
  return {
    shapes,
    read(name) {
      const start = names.indexOf(name);
      return pool.subarray(start, start + sizeOf(shapes.get(name) ?? []));
    },
  };
}
