import { execFileSync, spawnSync } from 'node:child_process';
import { open, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckpoint, type CheckpointSource, type CheckpointTensor } from '@umt/checkpoint';
import { pytorchChunks } from '../src/pytorch/write.ts';
import { fileChunks } from '../src/write.ts';
import { dictionary, legacy, little, pickle, storage, tensor } from './forge.ts';

const GIGABYTE = 2 ** 30;
/** Elements of 1 GB of float32, in 16 tensors. */
const EACH = 2 ** 24;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-large-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Writes pieces one after the other; those that are all zeros become holes, which take no room on the disk. */
async function writeSparse(
  path: string,
  chunks: readonly Uint8Array[],
  isHole: (chunk: Uint8Array) => boolean,
): Promise<void> {
  const handle = await open(path, 'w');
  let position = 0;
  for (const chunk of chunks) {
    if (!isHole(chunk)) await handle.write(chunk, 0, chunk.length, position);
    position += chunk.length;
  }
  await handle.truncate(position);
  await handle.close();
}

async function megabytesToOpen(source: CheckpointSource): Promise<number> {
  const before = process.memoryUsage();
  const file = await openCheckpoint(source);
  expect(file.tensors.size).toBeGreaterThanOrEqual(16);
  const after = process.memoryUsage();
  await file.close();
  return (after.heapUsed + after.external - before.heapUsed - before.external) / 1e6;
}

test.each(['safetensors', 'pth', 'legacy.pth'])(
  'a file of 1 GB is opened within 10 MB and read tensor by tensor: %s',
  async (kind) => {
    const path = join(folder, `large.${kind}`);
    const data = new Float32Array(EACH);
    const names = Array.from({ length: 16 }, (_, i) => `block.${i}.weight`);
    const tensors = Object.fromEntries(
      names.map((name) => [name, { dtype: 'F32', shape: [EACH / 64, 64], data } as const]),
    );
    if (kind === 'legacy.pth') {
      const entries = names.map(
        (name, i) => [name, tensor(storage(String(i), EACH), 0, [EACH / 64, 64], [64, 1])] as const,
      );
      const head = legacy(pickle(dictionary(Object.fromEntries(entries))), {
        keys: names.map((_, i) => String(i)),
        storages: new Uint8Array(0),
      });
      const bytes = new Uint8Array(data.buffer);
      await writeSparse(
        path,
        [head, ...names.flatMap(() => [Uint8Array.from(little(EACH, 8)), bytes])],
        (chunk) => chunk === bytes,
      );
    } else {
      const chunks = kind === 'pth' ? pytorchChunks(path, tensors, {}) : fileChunks(path, tensors, {});
      await writeSparse(path, chunks, (chunk) => chunk.length === 4 * EACH);
    }
    const megabytes = await megabytesToOpen(path);
    console.log(`${kind}: opening 1 GB took ${megabytes.toFixed(1)} MB`);
    expect(megabytes).toBeLessThan(10);
    const file = await openCheckpoint(path);
    const last = await file.read('block.15.weight');
    expect([last.dtype, last.shape, last.data.byteLength]).toEqual(['F32', [EACH / 64, 64], GIGABYTE / 16]);
    await file.close();
    await rm(path);
  },
);

test('an archive of 5 GB, with 64-bit offsets, is written, opened, and understood by PyTorch and Python', async () => {
  const path = join(folder, 'five.pth');
  const data = new Uint8Array(GIGABYTE);
  const tensors: Record<string, CheckpointTensor> = {};
  for (let i = 0; i < 5; i++) tensors[`t${i}`] = { dtype: 'U8', shape: [GIGABYTE], data };
  tensors['end'] = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) };
  await writeSparse(path, pytorchChunks(path, tensors, {}), (chunk) => chunk.length === GIGABYTE);
  const file = await openCheckpoint(path);
  expect([...file.tensors.keys()]).toEqual(Object.keys(tensors));
  expect((await file.read('end')).data).toEqual(Float32Array.of(1, 2));
  await file.close();
  const python = '/usr/bin/python3';
  if (spawnSync(python, ['-c', 'import torch']).status === 0) {
    const program = `
import sys, torch, zipfile
reader = torch._C.PyTorchFileReader(sys.argv[1])
print(sorted(reader.get_all_records()), torch.frombuffer(reader.get_record('data/5'), dtype=torch.float32).tolist(), zipfile.ZipFile(sys.argv[1]).read('archive/data/5').hex())
`;
    const printed = execFileSync(python, ['-W', 'ignore', '-c', program, path], { encoding: 'utf8' }).trim();
    expect(printed).toBe(
      "['byteorder', 'data.pkl', 'data/0', 'data/1', 'data/2', 'data/3', 'data/4', 'data/5', 'version'] [1.0, 2.0] 0000803f00000040",
    );
  }
  await rm(path);
});
