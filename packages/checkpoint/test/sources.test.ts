import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSafetensors as openInBrowser, saveSafetensors as saveInBrowser } from '../src/index.ts';
import {
  CheckpointError,
  openSafetensors,
  saveSafetensors,
  writeSafetensors,
  type CheckpointTensor,
} from '../src/index.node.ts';

const big = Float32Array.from({ length: 50_000 }, (_, i) => i);
const tensors: Record<string, CheckpointTensor> = {
  big: { dtype: 'F32', shape: [50_000], data: big },
  small: { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
};
const bytes = writeSafetensors(tensors, { format: 'pt' });

let folder: string;
let server: Server;
let address: string;
const requests: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  let changes = 0;
  server = createServer((request, response) => {
    const path = request.url ?? '';
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    requests.push(`${path} ${request.headers.range ?? ''}`);
    if (path === '/missing') return void response.writeHead(404).end();
    if (path === '/whole' || range === null) return void response.writeHead(200).end(bytes);
    const begin = Number(range[1]);
    const end = Math.min(Number(range[2]) + 1, bytes.length);
    const etag = path === '/changing' ? `"${changes++}"` : '"1"';
    const contentRange = path === '/vague' ? 'bytes */*' : `bytes ${begin}-${end - 1}/${bytes.length}`;
    response.writeHead(206, { 'content-range': contentRange, etag });
    response.end(path === '/short' && begin > 0 ? bytes.subarray(begin, end - 5) : bytes.subarray(begin, end));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await new Promise((closed) => server.close(closed));
  await rm(folder, { recursive: true });
});

test('saves to a path and reads it back by ranges, from a path and from a file: address', async () => {
  const path = join(folder, 'model.safetensors');
  await saveSafetensors(path, tensors, { format: 'pt' });
  expect(new Uint8Array(await readFile(path))).toEqual(bytes);
  for (const source of [path, pathToFileURL(path)]) {
    const file = await openSafetensors(source);
    expect(file.metadata).toEqual({ format: 'pt' });
    expect([...file.tensors.keys()]).toEqual(['big', 'small']);
    expect((await file.read('big')).data).toEqual(big);
    expect((await file.read('small')).data).toEqual(Uint8Array.of(1, 2, 3));
    await expect(file.read('medium')).rejects.toThrow('tensor "medium": there is no such tensor among its 2');
    await file.close();
    await expect(file.read('big')).rejects.toThrow(CheckpointError);
  }
});

test('replaces a file whole and leaves no temporary one, also when writing fails', async () => {
  const path = join(folder, 'replaced.safetensors');
  await writeFile(path, 'old');
  await saveSafetensors(path, { a: { dtype: 'U8', shape: [1], data: Uint8Array.of(7) } });
  const file = await openSafetensors(path);
  expect((await file.read('a')).data).toEqual(Uint8Array.of(7));
  await file.close();
  await expect(saveSafetensors(join(folder, 'no', 'such.safetensors'), tensors)).rejects.toThrow(
    `such.safetensors: cannot be written: there is no folder ${join(folder, 'no')} (ENOENT)`,
  );
  await expect(saveSafetensors(folder, tensors)).rejects.toThrow(
    `${folder}: cannot be written: it is a folder (EISDIR)`,
  );
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('says what is wrong with a path: missing, a folder, truncated before or after it was opened', async () => {
  await expect(openSafetensors(join(folder, 'none.safetensors'))).rejects.toThrow(
    'none.safetensors: there is no such file',
  );
  await expect(openSafetensors(folder)).rejects.toThrow(`${folder}: not a file`);
  const path = join(folder, 'cut.safetensors');
  await writeFile(path, bytes.subarray(0, 1000));
  await expect(openSafetensors(path)).rejects.toThrow('cut.safetensors: truncated');
  await writeFile(path, bytes);
  const file = await openSafetensors(path);
  await truncate(path, 1000);
  await expect(file.read('big')).rejects.toThrow('the file ended at byte 1000 while it was read');
  await file.close();
});

test('reads from a server by ranges: one request for the header, one for a tensor out of it', async () => {
  requests.length = 0;
  const file = await openSafetensors(`${address}/model`);
  expect((await file.read('big')).data).toEqual(big);
  expect(requests).toEqual([
    '/model bytes=0-65535',
    `/model bytes=${file.tensors.get('big')?.begin}-${(file.tensors.get('big')?.end ?? 0) - 1}`,
  ]);
});

test('takes the whole file from a server without ranges', async () => {
  const file = await openInBrowser(new URL(`${address}/whole`));
  expect((await file.read('small')).data).toEqual(Uint8Array.of(1, 2, 3));
});

test('reports what a server does wrong', async () => {
  await expect(openSafetensors(`${address}/missing`)).rejects.toThrow('/missing: the server answered 404');
  await expect(openSafetensors(`${address}/vague`)).rejects.toThrow('without saying which bytes');
  const short = await openSafetensors(`${address}/short`);
  await expect(short.read('big')).rejects.toThrow(/the server sent 199995/);
  const changing = await openSafetensors(`${address}/changing`);
  await expect(changing.read('big')).rejects.toThrow('the file changed while it was read');
  await expect(openSafetensors('http://127.0.0.1:1/x')).rejects.toThrow('cannot be fetched');
});

test('without Node, paths are refused with the reason', async () => {
  await expect(openInBrowser('model.safetensors')).rejects.toThrow(
    'model.safetensors: not an address; a path on disk can be opened in Node only',
  );
  await expect(saveInBrowser('model.safetensors', tensors)).rejects.toThrow('browsers have no paths to save to');
});
