import { expect, test } from 'vitest';
import {
  float32Source,
  openCheckpoint,
  writePytorch,
  writeSafetensors,
  type ByteSource,
  type CheckpointTensor,
} from '@umt/checkpoint';
import { openCheckpoint as openInBrowser } from '../src/index.ts';
import { fixtureBytes } from './fixtures.ts';

/** Bytes that count what is read of them and whether they were closed. */
function watched(bytes: Uint8Array): ByteSource & { readonly ranges: [number, number][]; closed: number } {
  return {
    name: 'watched.pth',
    byteLength: bytes.length,
    ranges: [],
    closed: 0,
    read(begin, end) {
      this.ranges.push([begin, end]);
      return Promise.resolve(bytes.slice(begin, end));
    },
    close() {
      this.closed++;
      return Promise.resolve();
    },
  };
}

const big = Float32Array.from({ length: 200_000 }, (_, i) => i);
const model = writePytorch(
  {
    big: { dtype: 'F32', shape: [2, 100_000], data: big },
    half: { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
    count: { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) },
  },
  { dictionary: 'model' },
);

const isBig = ({ data }: CheckpointTensor) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(Buffer.from(big.buffer));

const bytesRead = (ranges: readonly (readonly [number, number])[]) =>
  ranges.reduce((sum, [begin, end]) => sum + end - begin, 0);

test('opening reads the directory and the pickle, reading one tensor its header and its bytes', async () => {
  const source = watched(model);
  const file = await openCheckpoint(source);
  expect(model.length).toBeGreaterThan(800_000);
  // the end of the archive, where the directory is looked for, is up to 64 kB
  expect(bytesRead(source.ranges)).toBeLessThan(70_000);
  source.ranges.length = 0;
  expect(isBig(await file.read('big'))).toBe(true);
  expect(source.ranges).toHaveLength(2);
  expect(bytesRead(source.ranges)).toBe(800_000 + 30 + 'archive/data/0'.length);
  source.ranges.length = 0;
  await file.read('big');
  expect(source.ranges).toHaveLength(1);
  await file.close();
  expect(source.closed).toBe(1);
});

test('a view reads its own part of a storage', async () => {
  const source = watched(fixtureBytes('torch/views-legacy.pth'));
  const file = await openCheckpoint(source);
  source.ranges.length = 0;
  expect((await file.read('tail')).data).toHaveLength(20);
  expect(source.ranges.map(([begin, end]) => end - begin)).toEqual([8, 80]);
});

test('a source is closed when its file is refused', async () => {
  for (const bytes of [
    model.subarray(0, 1000),
    Uint8Array.of(1, 2, 3),
    fixtureBytes('torch/views-legacy.pth').subarray(0, 900),
  ]) {
    const source = watched(bytes);
    await expect(openCheckpoint(source)).rejects.toThrow(/^watched\.pth: /);
    expect(source.closed).toBe(1);
  }
});

test('opens a Blob, also without Node', async () => {
  const file = await openInBrowser(new File([model.slice()], 'chosen.pth'));
  expect([file.name, file.format, file.dictionary]).toEqual(['chosen.pth', 'pytorch', 'model']);
  expect(isBig(await file.read('big'))).toBe(true);
  await expect(file.read('small')).rejects.toThrow('chosen.pth: tensor "small": there is no such tensor among its 3');
});

test('a file of any format is a source of float32 parameters', async () => {
  const tensors = { w: { dtype: 'BF16', shape: [1, 2], data: Uint16Array.of(0x3f80, 0xc000) } } as const;
  for (const bytes of [writePytorch(tensors), writeSafetensors(tensors)]) {
    const source = float32Source(await openCheckpoint(bytes));
    expect([...source.shapes]).toEqual([['w', [1, 2]]]);
    expect(await source.read('w')).toEqual(Float32Array.of(1, -2));
  }
  const other = float32Source(await openCheckpoint(model));
  expect(await other.read('half')).toEqual(Float32Array.of(1, -2));
  expect(await other.read('count')).toEqual(Float32Array.of(7));
});

test('a tensor that changes where it says it is, between opening and reading, is refused', async () => {
  const bytes = model.slice();
  const file = await openCheckpoint(bytes);
  bytes.fill(0, 0, 2000);
  await expect(file.read('big')).rejects.toThrow('has no header where the directory says');
});
