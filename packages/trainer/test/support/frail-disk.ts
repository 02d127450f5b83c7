// A disk in memory that loses its power, or fails, at an operation of the test's choice.
import { dirname, join } from 'node:path';
import type { Disk, DiskFile } from '../../src/disk.node.ts';

/** Nothing more can be done until `restart`. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

/** What of the bytes and names that were not flushed outlives a loss of power. */
export type Survival = 'flushed only' | 'everything' | 'at random';

interface File {
  bytes: Uint8Array;
  flushed: Uint8Array;
  mtimeMs: number;
}

/** Names in a folder. */
type Folder = Map<string, Node>;
interface FolderNode {
  now: Folder;
  flushed: Folder;
}
type Node = { readonly file: File } | { readonly folder: FolderNode };

/** What every operation that changes something asks first: may throw, or give the share of a write that is done. */
export type Fault = (operation: string, path: string, count: number) => number | undefined;

const systemError = (code: string, path: string) => Object.assign(new Error(`${code}: ${path}`), { code });

/** The disk fails as a file system does, with an error code. */
export const failure = systemError;

/**
 * A disk that keeps what was written apart from what was flushed. `fault` is asked before every write, rename, flush and making or
 * deleting of a name.
 */
export class FrailDisk implements Disk {
  fault: Fault = () => undefined;
  #root: FolderNode = { now: new Map(), flushed: new Map() };
  #count = 0;
  #isDown = false;

  /** Operations so far that change something. */
  get count(): number {
    return this.#count;
  }

  /** The power is gone: every operation throws from now on. */
  cut(): never {
    this.#isDown = true;
    throw new PowerCut('the power is gone');
  }

  /** The power is back; `keep` tells what outlived its loss. */
  restart(keep: Survival, random: () => number = () => 0): void {
    this.#isDown = false;
    this.#root = survivor(this.#root, keep, random);
  }

  /** All paths of files, for tests that look at what is left. */
  paths(folder: FolderNode = this.#root, at = ''): readonly string[] {
    return [...folder.now].flatMap(([name, node]) =>
      'file' in node ? [`${at}/${name}`] : this.paths(node.folder, `${at}/${name}`),
    );
  }

  async mkdir(path: string): Promise<void> {
    await this.#step('mkdir', path);
    const parent = this.#folder(dirname(path), path);
    if (parent.now.has(nameOf(path))) throw systemError('EEXIST', path);
    parent.now.set(nameOf(path), { folder: { now: new Map(), flushed: new Map() } });
  }

  async open(path: string, flags: 'r' | 'wx'): Promise<DiskFile> {
    if (flags === 'r') {
      await this.#turn();
      const node = this.#find(path);
      if (!node) throw systemError('ENOENT', path);
      return 'file' in node ? this.#openFile(node.file, path) : this.#openFolder(node.folder, path);
    }
    await this.#step('create', path);
    const parent = this.#folder(dirname(path), path);
    if (parent.now.has(nameOf(path))) throw systemError('EEXIST', path);
    const file: File = { bytes: new Uint8Array(), flushed: new Uint8Array(), mtimeMs: Date.now() };
    parent.now.set(nameOf(path), { file });
    return this.#openFile(file, path);
  }

  async readdir(path: string): Promise<readonly { readonly name: string; isDirectory(): boolean }[]> {
    await this.#turn();
    return [...this.#folder(path, path).now].map(([name, node]) => ({ name, isDirectory: () => 'folder' in node }));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', from);
    const node = this.#find(from);
    if (!node) throw systemError('ENOENT', from);
    const target = this.#folder(dirname(to), to);
    const replaced = target.now.get(nameOf(to));
    if (replaced && 'folder' in replaced && replaced.folder.now.size > 0) throw systemError('ENOTEMPTY', to);
    this.#folder(dirname(from), from).now.delete(nameOf(from));
    target.now.set(nameOf(to), node);
  }

  async rm(path: string): Promise<void> {
    const node = this.#find(path);
    if (!node) return this.#turn();
    if ('folder' in node) for (const name of [...node.folder.now.keys()]) await this.rm(join(path, name));
    await this.#step('delete', path);
    this.#folder(dirname(path), path).now.delete(nameOf(path));
  }

  #openFile(file: File, path: string): DiskFile {
    return {
      write: async (bytes, offset, length) => {
        const share = (await this.#step('write', path, false)) ?? 1;
        const part = bytes.subarray(offset, offset + Math.ceil(length * share));
        file.bytes = Uint8Array.from([...file.bytes, ...part]);
        file.mtimeMs = Date.now();
        if (share < 1) this.cut();
        return { bytesWritten: part.length };
      },
      read: async (bytes, offset, length, position) => {
        await this.#turn();
        const part = file.bytes.subarray(position, position + length);
        bytes.set(part, offset);
        return { bytesRead: part.length };
      },
      stat: async () => {
        await this.#turn();
        return { size: file.bytes.length, mtimeMs: file.mtimeMs };
      },
      sync: async () => {
        await this.#step('flush', path);
        file.flushed = file.bytes;
      },
      close: () => this.#turn(),
    };
  }

  #openFolder(folder: FolderNode, path: string): DiskFile {
    const no = () => Promise.reject(systemError('EISDIR', path));
    return {
      write: no,
      read: no,
      stat: no,
      sync: async () => {
        await this.#step('flush', path);
        folder.flushed = new Map(folder.now);
      },
      close: () => this.#turn(),
    };
  }

  /** An operation that changes nothing. It takes a turn of the event loop, as real ones do. */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isDown) throw new PowerCut('the power is gone');
  }

  async #step(operation: string, path: string, isWhole = true): Promise<number | undefined> {
    await this.#turn();
    const share = this.fault(operation, path, ++this.#count);
    if (isWhole && share !== undefined) this.cut();
    return share;
  }

  #find(path: string): Node | undefined {
    if (path === '/') return { folder: this.#root };
    const parent = this.#find(dirname(path));
    return parent && 'folder' in parent ? parent.folder.now.get(nameOf(path)) : undefined;
  }

  #folder(path: string, asked: string): FolderNode {
    const node = this.#find(path);
    if (!node) throw systemError('ENOENT', asked);
    if ('file' in node) throw systemError('ENOTDIR', asked);
    return node.folder;
  }
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** What is on the disk after the power was lost. Of names that were not flushed, each is there or not. */
function survivor({ now, flushed }: FolderNode, keep: Survival, random: () => number): FolderNode {
  const names = new Set([...now.keys(), ...flushed.keys()]);
  const after: Folder = new Map();
  for (const name of names) {
    const isNew = keep === 'everything' || (keep === 'at random' && random() < 0.5);
    const node = (isNew ? now : flushed).get(name);
    if (!node) continue;
    if ('folder' in node) {
      after.set(name, { folder: survivor(node.folder, keep, random) });
      continue;
    }
    const { file } = node;
    // what was not flushed may be there in part
    const length = keep === 'everything' ? file.bytes.length : Math.floor(random() * (file.bytes.length + 1));
    const bytes = keep === 'flushed only' || length < file.flushed.length ? file.flushed : file.bytes.slice(0, length);
    after.set(name, { file: { bytes, flushed: bytes, mtimeMs: file.mtimeMs } });
  }
  return { now: after, flushed: new Map(after) };
}
