import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint, savePytorch, writePytorch, type CheckpointTensor } from '@umt/checkpoint';
import { bytesOf } from '../src/tensor.ts';
import { fixtureBytes, fixtureJson, fromBase64 } from './fixtures.ts';
import { expectAsTorch, TORCH_FILES, type TorchFile } from './torch-files.ts';

const jsonName = (name: string) => name.replace(/\.\w+$/, '.json');
const expectedOf = (name: string) => fixtureJson<TorchFile>(`torch/${jsonName(name)}`);

test.each(TORCH_FILES)('reads a file that PyTorch 1.13 wrote, every tensor equal: %s', async (name) => {
  await expectAsTorch(fixtureBytes(`torch/${name}`), expectedOf(name));
  await expectAsTorch(fileURLToPath(new URL(`./fixtures/torch/${name}`, import.meta.url)), expectedOf(name));
});

test('what stands beside a model is listed in a few words', async () => {
  const { otherEntries } = await openCheckpoint(fixtureBytes('torch/training.pth'));
  expect(Object.fromEntries(otherEntries)).toMatchObject({
    optimizer: 'dictionary of 2',
    epoch: '199',
    args: 'argparse.Namespace of 5',
    custom: '__main__.Custom of 1',
    best: 'numpy.core.multiarray.scalar',
    size: 'tuple of 2',
    dtype: 'torch.float32',
    large: '-1180591620717411303424',
    endless: 'list of 2',
  });
});

test('another dictionary than the usual one is read when it is asked for', async () => {
  const bytes = fixtureBytes('torch/training.pth');
  const optimizer = await openCheckpoint(bytes, { dictionary: '' });
  expect(optimizer.dictionary).toBe('');
  expect(optimizer.tensors.has('model.0.weight')).toBe(true);
  expect(optimizer.otherEntries.has('model')).toBe(false);
  await expect(openCheckpoint(bytes, { dictionary: 'ema' })).rejects.toThrow(
    /: it has no dictionary "ema" \(its keys: /,
  );
  await expect(openCheckpoint(bytes, { dictionary: 'epoch' })).rejects.toThrow('"epoch" holds no tensors');
});

test('says why a tensor of a kind that is not supported cannot be read', async () => {
  const file = await openCheckpoint(fixtureBytes('torch/dtypes.pth'));
  await expect(file.read('quantized')).rejects.toThrow('it is quantized: call dequantize() before saving');
  await expect(file.read('sparse')).rejects.toThrow('it is sparse: call to_dense() before saving');
  await expect(file.read('complex64')).rejects.toThrow('tensors of complex64 are not supported');
  await expect(file.read('none')).rejects.toThrow('tensor "none": there is no such tensor among its 18');
});

test('tensors in memory are views of the file, tensors with strides are not', async () => {
  const bytes = fixtureBytes('torch/views.pth');
  const file = await openCheckpoint(bytes);
  expect((await file.read('whole')).data.buffer).toBe(bytes.buffer);
  expect((await file.read('tail')).data.buffer).toBe(bytes.buffer);
  expect((await file.read('transposed')).data.buffer).not.toBe(bytes.buffer);
});

/** Every dtype that PyTorch saves, with odd bits, as the fixture has them. */
async function everyDtype(): Promise<Map<string, CheckpointTensor>> {
  const file = await openCheckpoint(fixtureBytes('torch/dtypes.pth'));
  const names = Object.entries(expectedOf('dtypes.pth').tensors).filter(([, { bytes }]) => bytes !== null);
  return new Map(await Promise.all(names.map(async ([name]) => [name, await file.read(name)] as const)));
}

test.each(['', 'model'])('what writePytorch writes under "%s" is read back bit for bit', async (dictionary) => {
  const tensors = await everyDtype();
  const written = writePytorch(tensors, { dictionary });
  const file = await openCheckpoint(written);
  expect([file.format, file.dictionary]).toEqual(['pytorch', dictionary]);
  expect([...file.tensors.keys()]).toEqual([...tensors.keys()]);
  for (const [name, tensor] of tensors) {
    const read = await file.read(name);
    expect([read.dtype, read.shape, bytesOf(read)], name).toEqual([tensor.dtype, tensor.shape, bytesOf(tensor)]);
    // 64-byte alignment: viewed where it lies
    if (read.data.length > 0) expect(read.data.buffer, name).toBe(written.buffer);
  }
  expect(writePytorch(tensors, { dictionary })).toEqual(written);
});

test('a dtype that PyTorch 1 does not have, and data of the wrong size, are refused by name', () => {
  expect(() => writePytorch({ a: { dtype: 'U32', shape: [1], data: Uint32Array.of(1) } })).toThrow(
    'a PyTorch file: tensor "a": PyTorch 1 has no tensors of U32',
  );
  expect(() => writePytorch({ a: { dtype: 'F32', shape: [2], data: Float32Array.of(1) } })).toThrow(
    'tensor "a": shape [2]',
  );
});

const PYTHON = '/usr/bin/python3';
const hasTorch = spawnSync(PYTHON, ['-c', 'import torch']).status === 0;
const isTorchRequired = Boolean(process.env['UMT_REQUIRE_ENGINES']);

describe.skipIf(!hasTorch && !isTorchRequired)(
  'with PyTorch (skipped where Debian’s python3-torch is not installed)',
  () => {
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'checkpoint-torch-'));
    });

    afterAll(() => rm(folder, { recursive: true }));

    test('reads what it writes now, small and large, every tensor equal', async () => {
      const script = fileURLToPath(new URL('./fixtures/torch/make.py', import.meta.url));
      execFileSync(PYTHON, ['-W', 'ignore', script, folder, 'all']);
      const names = (await readdir(folder)).filter((name) => !name.endsWith('.json'));
      expect(names).toEqual(expect.arrayContaining([...TORCH_FILES, 'large.pth', 'many-legacy.pth', 'traced.pt']));
      for (const name of names) {
        const json = await readFile(join(folder, jsonName(name)), 'utf8');
        await expectAsTorch(join(folder, name), JSON.parse(json) as TorchFile);
      }
      const large = JSON.parse(await readFile(join(folder, 'large.json'), 'utf8')) as TorchFile;
      expect(Object.keys(large.tensors)).toHaveLength(300);
    });

    test('it reads what savePytorch wrote, with weights_only, every tensor equal', async () => {
      const expected = expectedOf('dtypes.pth').tensors;
      await savePytorch(join(folder, 'bare.pth'), await everyDtype());
      await savePytorch(join(folder, 'under.pth'), await everyDtype(), { dictionary: 'model' });
      const program = `
import base64, json, sys, torch, zipfile
for name, key in (('bare.pth', None), ('under.pth', 'model')):
    assert zipfile.ZipFile(name).testzip() is None
    loaded = torch.load(name, weights_only=True)
    loaded = loaded[key] if key else loaded
    plain = {k: (str(v.dtype), list(v.shape), v.is_contiguous(), base64.b64encode(bytes(v.storage().untyped())).decode() if v.numel() else '') for k, v in loaded.items()}
    print(json.dumps(plain))
`;
      const lines = execFileSync(PYTHON, ['-W', 'ignore', '-c', program], { cwd: folder, encoding: 'utf8' })
        .trim()
        .split('\n');
      expect(lines).toHaveLength(2);
      for (const line of lines) {
        const loaded = JSON.parse(line) as Record<string, readonly [string, readonly number[], boolean, string]>;
        const readable = Object.entries(expected).filter(([, { bytes }]) => bytes !== null);
        expect(Object.keys(loaded)).toEqual(readable.map(([name]) => name));
        for (const [name, { shape, bytes }] of readable) {
          expect(loaded[name]?.slice(1), name).toEqual([shape, true, bytes]);
        }
        expect(loaded['bfloat16']?.[0]).toBe('torch.bfloat16');
      }
      expect(fromBase64(expected['int64']?.bytes ?? '')).toHaveLength(56);
    });
  },
);
