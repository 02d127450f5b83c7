import type { ByteSource } from '@umt/checkpoint';
import type { CheckpointFiles } from './checkpoint-files.ts';
import type { CheckpointEntry, CheckpointFile, CheckpointListing, CheckpointStore } from './checkpoint-store.ts';
import { crc32 } from './crc.ts';
import { DamagedCheckpointError } from './errors.ts';
import { parseManifest, writeManifest } from './manifest.ts';

const MANIFEST = 'manifest.json';
const CHECKPOINT = /^step-(\d+)$/;
const LEFTOVER = /^\.step-\d+\./;
/** How much of a file is in memory while its checksum is verified. */
const PIECE_BYTES = 16 * 1024 * 1024;

/** A checkpoint store in any kind of folders. Files come first, the manifest with their checksums last. */
export function checkpointStore(files: CheckpointFiles): CheckpointStore {
  return new StoredCheckpoints(files);
}

class StoredCheckpoints implements CheckpointStore {
  readonly #files: CheckpointFiles;

  constructor(files: CheckpointFiles) {
    this.#files = files;
  }

  get place(): string {
    return this.#files.place;
  }

  async save(
    step: number,
    files: Iterable<CheckpointFile> | AsyncIterable<CheckpointFile>,
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<CheckpointEntry> {
    const folder = await this.#files.create(folderOf(step));
    const sums: Record<string, { readonly bytes: number; readonly crc32: number }> = {};
    for await (const { name, bytes } of files) {
      await folder.write(name, bytes);
      sums[name] = { bytes: bytes.byteLength, crc32: crc32(bytes) };
    }
    const entry: CheckpointEntry = { step, metadata, files: sums };
    await folder.write(MANIFEST, writeManifest(entry));
    await folder.commit();
    return entry;
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
      sum = crc32(await source.read(begin, Math.min(begin + PIECE_BYTES, expected.bytes)), sum);
    }
    if (sum === expected.crc32) return source;
    await source.close();
    throw this.#damaged(folder, `${name} has another checksum than when it was written`);
  }

  remove(step: number): Promise<void> {
    return this.#files.remove(folderOf(step));
  }

  async prune(keep: number): Promise<void> {
    const { complete } = await this.list();
    const kept = new Set(complete.slice(0, keep).map(({ step }) => folderOf(step)));
    for (const folder of await this.#files.folders()) {
      const isOurs = CHECKPOINT.test(folder) || LEFTOVER.test(folder);
      if (isOurs && !kept.has(folder)) await this.#files.remove(folder);
    }
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
