import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PackShardsOptions } from '@umt/data';
import type { FileLayer, FileWriter } from '../src/shards/node/file-layer.ts';
import { packSynthetic } from './packing.ts';

/** How the disk goes on after the operation that fails. */
type Fault =
  /** The operation fails, half of a write done; all others work. */
  | 'error'
  /** The program ends there; all that was done is on the disk. */
  | 'kill'
  /** The power goes; what was not flushed is lost, new names included. */
  | 'power';

interface StoredFile {
  bytes: Buffer;
  flushed: Buffer;
}

class Dead extends Error {}

/** A disk in memory that fails at one of its operations. Only `flushFolder` makes names last, only `flush` bytes. */
class FaultyDisk implements FileLayer {
  names = new Map<string, StoredFile>();
  #lasting = new Map<string, StoredFile>();
  readonly #folders = new Set<string>(['/']);
  readonly operations: string[] = [];
  readonly #failAt: number;
  readonly #fault: Fault;
  #isDead = false;

  constructor(failAt = Infinity, fault: Fault = 'error', before?: FaultyDisk) {
    this.#failAt = failAt;
    this.#fault = fault;
    if (before) {
      for (const folder of before.#folders) this.#folders.add(folder);
      const names = before.#fault === 'power' ? before.#lasting : before.names;
      for (const [name, { bytes, flushed }] of names) {
        const left = before.#fault === 'power' ? flushed : bytes;
        const file = { bytes: left, flushed: left };
        this.names.set(name, file);
        this.#lasting.set(name, file);
      }
    }
  }

  /** Counts a changing operation. @returns whether it fails after a part of it was done */
  #step(operation: string): boolean {
    if (this.#isDead) throw new Dead(operation);
    this.operations.push(operation);
    if (this.operations.length !== this.#failAt) return false;
    if (this.#fault !== 'error') this.#isDead = true;
    return true;
  }

  #fail(operation: string): never {
    if (this.#isDead) throw new Dead(operation);
    throw Object.assign(new Error(`ENOSPC: no space left on device, ${operation}`), { code: 'ENOSPC' });
  }

  async makeFolder(path: string): Promise<void> {
    if (this.#step(`makeFolder ${path}`)) this.#fail(path);
    for (let folder = path; !this.#folders.has(folder); folder = dirname(folder)) this.#folders.add(folder);
  }

  async list(path: string): Promise<readonly string[]> {
    const below = [...this.names.keys(), ...this.#folders].filter((name) => dirname(name) === path && name !== path);
    return below.map((name) => name.slice(path.length + 1));
  }

  async create(path: string): Promise<FileWriter> {
    if (this.#step(`create ${path}`)) this.#fail(path);
    if (!this.#folders.has(dirname(path))) throw Object.assign(new Error(path), { code: 'ENOENT' });
    const file: StoredFile = { bytes: Buffer.alloc(0), flushed: Buffer.alloc(0) };
    this.names.set(path, file);
    return {
      write: async (bytes) => {
        const isFailing = this.#step(`write ${path}`);
        file.bytes = Buffer.concat([file.bytes, isFailing ? bytes.subarray(0, bytes.length >> 1) : bytes]);
        if (isFailing) this.#fail(path);
      },
      flush: async () => {
        if (this.#step(`flush ${path}`)) this.#fail(path);
        file.flushed = file.bytes;
      },
      close: async () => {
        if (this.#step(`close ${path}`)) this.#fail(path);
      },
    };
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.#step(`rename ${from} ${to}`)) this.#fail(from);
    const file = this.names.get(from);
    if (!file) throw Object.assign(new Error(from), { code: 'ENOENT' });
    this.names.delete(from);
    this.names.set(to, file);
  }

  async flushFolder(path: string): Promise<void> {
    if (this.#step(`flushFolder ${path}`)) this.#fail(path);
    for (const name of this.#lasting.keys()) if (dirname(name) === path) this.#lasting.delete(name);
    for (const [name, file] of this.names) if (dirname(name) === path) this.#lasting.set(name, file);
  }

  async remove(path: string): Promise<void> {
    if (this.#step(`remove ${path}`)) this.#fail(path);
    for (const names of [this.names, this.#lasting]) {
      for (const name of names.keys()) if (name === path || name.startsWith(`${path}/`)) names.delete(name);
    }
    this.#folders.delete(path);
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.names.get(path)?.bytes;
  }

  async *readPieces(path: string): AsyncGenerator<Uint8Array> {
    const bytes = this.names.get(path)?.bytes;
    if (bytes) yield* [bytes.subarray(0, 1000), bytes.subarray(1000)];
  }

  /** Every file and folder. */
  content(): Readonly<Record<string, string>> {
    const files = [...this.names].map(([name, { bytes }]) => [name, bytes.toString('base64')] as const);
    return Object.fromEntries([...files, ...[...this.#folders].map((name) => [name, ''] as const)].sort());
  }
}

const options: PackShardsOptions = {
  entries: ['2x8x6@5/a', 'bad/b', '1x8x6@5/c', '2x6x8@5/d', '1x8x8@5/e', '1x8x8@5/g', 'bad/f'].map((path, label) => ({
    path,
    label,
  })),
  classes: ['a', 'b'],
  output: '/set',
  encoding: 'rgb',
  shardBytes: 6000,
  maxBrokenShare: 0.5,
};

async function pack(disk: FaultyDisk): Promise<string> {
  return packSynthetic(options, disk).then(
    ({ shards }) => `${shards} shards`,
    (error: unknown) => {
      if (error instanceof Dead) return 'dead';
      return error instanceof Error ? error.message : String(error);
    },
  );
}

const whole = new FaultyDisk();
const done = await pack(whole);
const steps = whole.operations.length;

describe('packing that is interrupted', () => {
  test('makes three shards in some fifty operations when it is not', () => {
    expect(done).toBe('3 shards');
    expect(steps).toBeGreaterThan(40);
    expect(Object.keys(whole.content()).filter((name) => !/^\/(set)?$/.test(name))).toEqual([
      '/set/broken.jsonl',
      '/set/index.json',
      '/set/pack.json',
      '/set/shard-000000.index.json',
      '/set/shard-000000.tar',
      '/set/shard-000001.index.json',
      '/set/shard-000001.tar',
      '/set/shard-000002.index.json',
      '/set/shard-000002.tar',
    ]);
  });

  test.each(['error', 'kill', 'power'] as const)(
    'at any operation, by %s, ends in the same bytes when it is gone on with',
    async (fault) => {
      for (let failAt = 1; failAt <= steps; failAt++) {
        const disk = new FaultyDisk(failAt, fault);
        const first = await pack(disk);
        const at = `operation ${failAt}, ${disk.operations.at(failAt - 1)}`;
        if (fault !== 'error') expect(first, at).toBe('dead');
        else expect(first, at).toMatch(/^\/set: it cannot be written, the disk is full: .*ENOSPC$/);
        const index = disk.names.get('/set/index.json');
        if (index) expect(index.bytes.toString('base64'), at).toBe(whole.content()['/set/index.json']);
        const after = new FaultyDisk(Infinity, 'error', disk);
        expect(await pack(after), at).toBe('3 shards');
        expect(after.content(), at).toEqual(whole.content());
      }
    },
  );

  test('again and again, ends in the same bytes and keeps what was complete', async () => {
    for (let stride = 2; stride < 30; stride++) {
      let disk = new FaultyDisk(stride, 'power');
      let attempts = 1;
      while ((await pack(disk)) !== '3 shards') {
        // Each attempt gets a little further: at least one shard after some of them.
        disk = new FaultyDisk(stride + attempts, attempts % 2 === 0 ? 'power' : 'kill', disk);
        attempts++;
        expect(attempts).toBeLessThan(steps);
      }
      expect(disk.content()).toEqual(whole.content());
    }
  });
});
