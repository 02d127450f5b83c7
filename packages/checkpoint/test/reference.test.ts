import { expect, test } from 'vitest';
import { CheckpointError, readSafetensors, toFloat32, writeSafetensors, type CheckpointTensor } from '@umt/checkpoint';
import { bytesOf } from '../src/tensor.ts';
import { fixtureBytes, fixtureJson, fromBase64 } from './fixtures.ts';

interface Reference {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Readonly<
    Record<
      string,
      {
        readonly dtype: string;
        readonly shape: readonly number[];
        readonly bytes: string;
        readonly float32: readonly number[] | null;
      }
    >
  >;
}

const file = fixtureBytes('reference.safetensors');
const reference = fixtureJson<Reference>('reference.json');

test('reads every dtype of a file that the reference implementation wrote', () => {
  const { metadata, tensors } = readSafetensors(file);
  expect(metadata).toEqual(reference.metadata);
  expect([...tensors.keys()].sort()).toEqual(Object.keys(reference.tensors).sort());
  for (const [name, tensor] of tensors) {
    const expected = reference.tensors[name];
    expect(tensor.dtype).toBe(expected?.dtype);
    expect(tensor.shape).toEqual(expected?.shape);
    expect(bytesOf(tensor)).toEqual(fromBase64(expected?.bytes ?? ''));
  }
});

test("turns floats, integers and booleans into numpy's float32", () => {
  const { tensors } = readSafetensors(file);
  for (const [name, { float32 }] of Object.entries(reference.tensors)) {
    const tensor = tensors.get(name) as CheckpointTensor;
    if (float32 === null) expect(() => toFloat32(tensor, name)).toThrow(CheckpointError);
    else expect([...toFloat32(tensor, name)]).toEqual(float32);
  }
});

test('writes the bytes that the reference implementation writes, whatever the order of the tensors', () => {
  const { metadata, tensors } = readSafetensors(file);
  expect(writeSafetensors(new Map([...tensors].reverse()), metadata)).toEqual(file);
  expect(writeSafetensors(Object.fromEntries([...tensors].sort(([a], [b]) => (a < b ? -1 : 1))), metadata)).toEqual(
    file,
  );
});

test('rounds 64-bit integers to float32 once, not twice', () => {
  // 2^60 + 2^36 + 1: a double drops the last bit and the tie would go to even, down to 2^60.
  const data = BigInt64Array.of(2n ** 60n + 2n ** 36n + 1n, -(2n ** 60n) - 2n ** 36n - 1n, 2n ** 60n + 2n ** 36n);
  const above = 2 ** 60 + 2 ** 37;
  expect([...toFloat32({ dtype: 'I64', shape: [3], data })]).toEqual([above, -above, 2 ** 60]);
});
