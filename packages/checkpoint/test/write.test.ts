import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CheckpointError,
  openSafetensors,
  readSafetensors,
  streamSafetensors,
  writeSafetensors,
  type CheckpointTensor,
} from '@umt/checkpoint';
import { dtypeBits, type SafetensorsDtype } from '../src/dtype.ts';
import { bytesOf, tensorOf } from '../src/tensor.ts';
import { container } from './fixtures.ts';

const DTYPES: readonly SafetensorsDtype[] = [
  'F64',
  'F32',
  'F16',
  'BF16',
  'I64',
  'I32',
  'I16',
  'I8',
  'U64',
  'U32',
  'U16',
  'U8',
  'BOOL',
  'C64',
];

const widthOf = (dtype: SafetensorsDtype) => dtypeBits(dtype) / 8;

const tensor = fc
  .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat({ max: 4 }), { maxLength: 4 }), fc.nat({ max: 255 }))
  .map(([dtype, shape, seed]) => {
    const bytes = new Uint8Array(shape.reduce((a, b) => a * b, 1) * widthOf(dtype));
    return tensorOf(
      dtype,
      shape,
      bytes.map((_, i) => seed + 31 * i),
    );
  });
const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__metadata__' && text !== '__proto__');

test('what is written is read back, bit for bit, from memory and lazily', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(name, tensor, { noNullPrototype: true }),
      fc.dictionary(name, name, { noNullPrototype: true }),
      async (tensors, metadata) => {
        const file = writeSafetensors(tensors, metadata);
        const content = readSafetensors(file);
        expect(content.metadata).toEqual(metadata);
        expect(Object.fromEntries(content.tensors)).toEqual(tensors);
        const lazy = await openSafetensors(new Blob([file.slice()]));
        for (const [key, value] of Object.entries(tensors)) {
          const read = await lazy.read(key);
          expect(bytesOf(read)).toEqual(bytesOf(value));
          expect(lazy.tensors.get(key)?.begin).toSatisfy((begin: number) => begin % read.data.BYTES_PER_ELEMENT === 0);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('the bytes depend on the content alone, not on the order it came in', () => {
  const a: CheckpointTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
  const b: CheckpointTensor = { dtype: 'F16', shape: [2], data: Uint16Array.of(1, 2) };
  expect(writeSafetensors({ a, b }, { x: '1', y: '2' })).toEqual(writeSafetensors({ b, a }, { y: '2', x: '1' }));
});

test('tensors in memory are views where aligned, and copies where not', () => {
  const file = writeSafetensors({ a: { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) } });
  const aligned = readSafetensors(file).tensors.get('a');
  expect(aligned?.data.buffer).toBe(file.buffer);
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);
  const copied = readSafetensors(shifted.subarray(1)).tensors.get('a');
  expect(copied?.data.buffer).not.toBe(shifted.buffer);
  expect(copied?.data).toEqual(Float32Array.of(1, 2));
  const odd = container(
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U16","shape":[1],"data_offsets":[1,3]}}',
    Uint8Array.of(9, 1, 2),
  );
  expect(readSafetensors(odd).tensors.get('b')?.data).toEqual(Uint16Array.of(513));
});

test('refuses tensors whose dtype, shape and data disagree, and names the format cannot hold', () => {
  const write = (key: string, value: unknown) => () => writeSafetensors({ [key]: value as CheckpointTensor });
  const data = Float32Array.of(1, 2);
  expect(write('w', { dtype: 'F32', shape: [3], data })).toThrow(
    'safetensors: tensor "w": shape [3] of F32 takes 12 bytes, its data has 8',
  );
  expect(write('w', { dtype: 'F16', shape: [2], data })).toThrow('F16 takes a Uint16Array');
  expect(write('w', { dtype: 'F99', shape: [2], data })).toThrow('dtype "F99" is unknown');
  expect(write('w', { dtype: 'F32', shape: [-2], data })).toThrow('not a list of whole numbers');
  expect(write('__metadata__', { dtype: 'F32', shape: [2], data })).toThrow('the format keeps this name for itself');
  expect(write('\ud800', { dtype: 'F32', shape: [2], data })).toThrow('not valid Unicode');
  expect(() => writeSafetensors({}, { a: '\udfff' })).toThrow(CheckpointError);
});

test('a stream gives the bytes of the whole file, and asks for one tensor at a time, in the order of the file', async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }), tensor), async (tensors) => {
      fc.pre(!('__metadata__' in tensors));
      const whole = writeSafetensors(tensors, { format: 'pt' });
      const asked: string[] = [];
      const lazy = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
        const read = () => Promise.resolve(data).finally(() => asked.push(name));
        return [name, { dtype, shape, read }] as const;
      });
      const stream = streamSafetensors(new Map(lazy), { format: 'pt' });
      expect(stream.byteLength).toBe(whole.byteLength);
      const pieces: number[] = [];
      let count = 0;
      for await (const piece of stream.pieces()) {
        pieces.push(...piece);
        expect(asked.length).toBe(count++);
      }
      expect(Uint8Array.from(pieces)).toEqual(whole);
      expect(asked).toEqual([...(await openSafetensors(whole)).tensors.keys()]);
    }),
    { numRuns: 50 },
  );
});

test('a stream refuses a tensor whose data is not what was announced', async () => {
  const read = () => Promise.resolve(new Float32Array(2));
  const { pieces } = streamSafetensors(new Map([['w', { dtype: 'F32', shape: [3], read }]]));
  const all = async () => {
    for await (const _ of pieces());
  };
  await expect(all()).rejects.toThrow('tensor "w": shape [3] of F32 takes 12 bytes, its data has 8');
});
