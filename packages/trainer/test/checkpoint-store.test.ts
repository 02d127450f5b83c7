import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  DamagedCheckpointError,
  folderStore,
  memoryStore,
  type CheckpointEntry,
  type CheckpointStore,
} from '../src/index.node.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function textOf(store: CheckpointStore, name: string): Promise<string> {
  const [entry] = (await store.list()).complete;
  if (!entry) throw new Error('no checkpoint');
  const source = await store.open(entry, name);
  const text = new TextDecoder().decode(await source.read(0, source.byteLength));
  await source.close();
  return text;
}

/** Writes a checkpoint, its file in pieces of five bytes. */
function save(store: CheckpointStore, step: number, text = `weights of ${step}`) {
  const pieces = (text.match(/.{1,5}/g) ?? []).map(bytesOf);
  return store.save(step, [{ name: 'model', byteLength: text.length, pieces }], { loss: step / 10 });
}

const newest = (count: number) => (complete: readonly CheckpointEntry[]) =>
  new Set(complete.slice(0, count).map(({ step }) => step));

describe.each([
  ['in memory', () => Promise.resolve(memoryStore())],
  ['in a folder', async () => folderStore(join(await temporaryFolder(), 'not', 'made', 'yet'))],
])('a checkpoint store %s', (_kind, create) => {
  it('is empty before anything is written', async () => {
    const store = await create();
    expect(await store.list()).toEqual({ complete: [], damaged: [] });
    await store.prune(newest(1));
  });

  it('gives back what was written, newest first', async () => {
    const store = await create();
    for (const step of [9, 10, 100]) await save(store, step);
    const { complete } = await store.list();
    expect(complete.map(({ step, metadata }) => [step, metadata])).toEqual([
      [100, { loss: 10 }],
      [10, { loss: 1 }],
      [9, { loss: 0.9 }],
    ]);
    expect(await textOf(store, 'model')).toBe('weights of 100');
  });

  it('replaces a checkpoint of the same step', async () => {
    const store = await create();
    await save(store, 5, 'old');
    await save(store, 5, 'new');
    expect((await store.list()).complete.length).toBe(1);
    expect(await textOf(store, 'model')).toBe('new');
  });

  it('keeps the newest when it is pruned', async () => {
    const store = await create();
    for (const step of [1, 2, 3, 4]) await save(store, step);
    await store.prune(newest(2));
    expect((await store.list()).complete.map(({ step }) => step)).toEqual([4, 3]);
    await store.remove(4);
    expect((await store.list()).complete.map(({ step }) => step)).toEqual([3]);
  });

  it('adds to the metadata of a checkpoint, which stays whole', async () => {
    const store = await create();
    await save(store, 7);
    await store.annotate(7, { measured: 0.25 });
    const [entry] = (await store.list()).complete;
    expect(entry?.metadata).toEqual({ loss: 0.7, measured: 0.25 });
    expect(await textOf(store, 'model')).toBe('weights of 7');
  });

  it('refuses a file that the checkpoint has not', async () => {
    const store = await create();
    const entry = await save(store, 1);
    await expect(store.open(entry, 'other')).rejects.toThrow(DamagedCheckpointError);
  });
});

describe('a folder of checkpoints', () => {
  async function damaged(spoil: (checkpoint: string) => Promise<unknown>) {
    const folder = await temporaryFolder();
    const store = folderStore(folder);
    await save(store, 1);
    await save(store, 2);
    await spoil(join(folder, 'step-00000002'));
    return store.list();
  }

  it.each<[string, (checkpoint: string) => Promise<unknown>, RegExp]>([
    ['a short file', (at) => truncate(join(at, 'model'), 3), /step-00000002 .*model has 3 of 12 bytes/],
    ['no manifest', (at) => truncate(join(at, 'manifest.json'), 0), /manifest.json is not valid JSON/],
    [
      'a manifest of another step',
      async (at) => writeFile(join(at, 'manifest.json'), await readFile(join(at, '../step-00000001/manifest.json'))),
      /its manifest.json is of step 1/,
    ],
    [
      'a changed manifest',
      async (at) => {
        const text = await readFile(join(at, 'manifest.json'), 'utf8');
        await writeFile(join(at, 'manifest.json'), text.replace('0.2', '0.3'));
      },
      /does not agree with its own checksum/,
    ],
  ])('leaves out one with %s, and says why', async (_what, spoil, message) => {
    const { complete, damaged: lines } = await damaged(spoil);
    expect(complete.map(({ step }) => step)).toEqual([1]);
    expect(lines.length).toBe(1);
    expect(lines[0]).toMatch(message);
  });

  it('does not open a file whose content changed', async () => {
    const folder = await temporaryFolder();
    const store = folderStore(folder);
    const entry = await save(store, 1);
    await writeFile(join(folder, 'step-00000001', 'model'), 'weights of 2');
    await expect(store.open(entry, 'model')).rejects.toThrow(/model has another checksum than when it was written/);
  });

  it('leaves files alone that are not its own', async () => {
    const folder = await temporaryFolder();
    const store = folderStore(join(folder));
    await writeFile(join(folder, 'notes.txt'), 'mine');
    for (const step of [1, 2]) await save(store, step);
    await store.prune(newest(1));
    expect((await readdir(folder)).sort()).toEqual(['notes.txt', 'step-00000002']);
  });
});
