import { crc32 } from '@umt/crc';
import type { ByteSource } from '@umt/checkpoint';
import type { CheckpointFiles, FolderWriter, Pieces } from './checkpoint-files.ts';
import type { CheckpointEntry, CheckpointFile, CheckpointListing, CheckpointStore } from './checkpoint-store.ts';
import { DamagedCheckpointError } from './errors.ts';
import type { FolderLock } from './folder-lock.ts';
import { parseManifest, writeManifest } from './manifest.ts';
import { writeFailure } from './write-failure.ts';

const MANIFEST = 'manifest.json';
const CHECKPOINT = /^step-(\d+)$/;
const LEFTOVER = /^\.step-\d+\./;
/** How much of a file is in memory while its checksum is verified. */
const PIECE_BYTES = 16 * 1024 * 1024;

/** What locks a place that cannot be locked. */
const UNLOCKED: FolderLock = { check: () => Promise.resolve(), release: () => Promise.resolve() };

/** A checkpoint store in any kind of folders. Files come first, the manifest with their checksums last. */
export function checkpointStore(files: CheckpointFiles): CheckpointStore {
  return new StoredCheckpoints(files);
}

class StoredCheckpoints implements CheckpointStore {
  readonly #files: CheckpointFiles;
  readonly #crc32: typeof crc32;

  constructor(files: CheckpointFiles) {
    this.#files = files;
    this.#crc32 = files.crc32 ?? crc32;
  }

  get place(): string {
    return this.#files.place;
  }

  async save(
    step: number,
    files: readonly CheckpointFile[],
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<CheckpointEntry> {
    let folder: FolderWriter | undefined;
    try {
      folder = await this.#files.create(folderOf(step));
      const sums: Record<string, { readonly bytes: number; readonly crc32: number }> = {};
      for (const { name, pieces } of files) {
        const sum = { bytes: 0, crc32: 0 };
        await folder.write(name, summed(pieces, sum, this.#crc32));
        sums[name] = sum;
      }
      const entry: CheckpointEntry = { step, metadata, files: sums };
      await folder.write(MANIFEST, [writeManifest(entry)]);
      await folder.commit();
      return entry;
    } catch (cause) {
      await folder?.abandon().catch(() => {}); // what made writing fail may make deleting fail, too
      const free = (await this.#files.freeBytes?.().catch(() => null)) ?? null;
      const needed = files.reduce((total, { byteLength }) => total + byteLength, 0);
      throw writeFailure(`the checkpoint of step ${step}`, this.place, cause, { needed, free });
    }
  }

  async annotate(step: number, metadata: Readonly<Record<string, unknown>>): Promise<void> {
    const folder = folderOf(step);
    const entry = await this.#entry(folder);
    const manifest = writeManifest({ ...entry, metadata: { ...entry.metadata, ...metadata } });
    try {
      await this.#files.replace(folder, MANIFEST, manifest);
    } catch (cause) {
      throw writeFailure(`the manifest of the checkpoint of step ${step}`, this.place, cause);
    }
  }

  async list(): Promise<CheckpointListing> {
    const complete: CheckpointEntry[] = [];
    const damaged: string[] = [];
    for (const folder of await this.#files.folders()) {
      if (!CHECKPOINT.test(folder)) continue;
      try {
        complete.push(await this.#entry(folder));
      } catch (error) {
        if (!(error instanceof DamagedCheckpointError)) throw error;
        damaged.push(error.message);
      }
    }
    return { complete: complete.sort((a, b) => b.step - a.step), damaged: damaged.sort() };
  }

  async open({ step, files }: CheckpointEntry, name: string): Promise<ByteSource> {
    const folder = folderOf(step);
    const expected = files[name];
    if (!expected) throw this.#damaged(folder, `its manifest names no ${name}`);
    const source = await this.#openFile(folder, name, expected.bytes);
    let sum = 0;
    for (let begin = 0; begin < expected.bytes; begin += PIECE_BYTES) {
      sum = this.#crc32(await source.read(begin, Math.min(begin + PIECE_BYTES, expected.bytes)), sum);
    }
    if (sum === expected.crc32) return source;
    await source.close();
    throw this.#damaged(folder, `${name} has another checksum than when it was written`);
  }

  remove(step: number): Promise<void> {
    return this.#files.remove(folderOf(step));
  }

  async prune(choose: (complete: readonly CheckpointEntry[]) => ReadonlySet<number>): Promise<void> {
    const { complete } = await this.list();
    const kept = new Set([...choose(complete)].map(folderOf));
    for (const folder of await this.#files.folders()) {
      const isOurs = CHECKPOINT.test(folder) || LEFTOVER.test(folder);
      if (isOurs && !kept.has(folder)) await this.#files.remove(folder);
    }
  }

  async lock(): Promise<FolderLock> {
    return (await this.#files.lock?.()) ?? UNLOCKED;
  }

  async #entry(folder: string): Promise<CheckpointEntry> {
    const source = await this.#files.open(folder, MANIFEST);
    if (!source) throw this.#damaged(folder, `it has no ${MANIFEST}, so it was never finished`);
    let entry: CheckpointEntry;
    try {
      entry = parseManifest(await source.read(0, source.byteLength));
    } catch (error) {
      throw this.#damaged(folder, `its ${MANIFEST} ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await source.close();
    }
    if (folderOf(entry.step) !== folder) throw this.#damaged(folder, `its ${MANIFEST} is of step ${entry.step}`);
    for (const [name, { bytes }] of Object.entries(entry.files)) {
      await (await this.#openFile(folder, name, bytes)).close();
    }
    return entry;
  }

  async #openFile(folder: string, name: string, bytes: number): Promise<ByteSource> {
    const source = await this.#files.open(folder, name);
    if (!source) throw this.#damaged(folder, `${name} is missing`);
    if (source.byteLength === bytes) return source;
    await source.close();
    throw this.#damaged(folder, `${name} has ${source.byteLength} of ${bytes} bytes`);
  }

  #damaged(folder: string, problem: string): DamagedCheckpointError {
    return new DamagedCheckpointError(`the checkpoint ${folder} in ${this.place} is damaged: ${problem}`);
  }
}

function folderOf(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/** The pieces as they are, counted and summed while they pass. */
async function* summed(
  pieces: Pieces,
  sum: { bytes: number; crc32: number },
  crcOf: typeof crc32,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    sum.bytes += piece.byteLength;
    sum.crc32 = crcOf(piece, sum.crc32);
    yield piece;
  }
}
