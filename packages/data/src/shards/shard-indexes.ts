import { crc32c } from '@umt/crc';
import { VideoError } from '@umt/video';
import { crcText, parseShardFileIndex, type ShardFile, type ShardSample } from './format.ts';
import { ShardError } from './shard-error.ts';
import { placeOf, type ShardStore } from './shard-store.ts';

/** Frames whose places are kept, those of the shard read last aside: about 50 MB. */
const MAX_KEPT_FRAMES = 1_000_000;

/** The samples of one shard, and which of them were found whole. */
export interface OpenShard {
  readonly file: ShardFile;
  readonly samples: readonly ShardSample[];
  /** Numbers of the samples whose checksum was right. */
  readonly verified: Set<number>;
}

/** Side files of a shard set, read when a sample of theirs is wanted; those used last are kept. */
export class ShardIndexes {
  readonly #store: ShardStore;
  readonly #kept = new Map<string, Promise<OpenShard>>();
  readonly #frames = new Map<string, number>();

  constructor(store: ShardStore) {
    this.#store = store;
  }

  /**
   * The samples of a shard.
   *
   * @throws VideoError of kind 'not-found' or 'undecodable' when its side file is missing or damaged; ShardSourceError
   */
  async of(file: ShardFile): Promise<OpenShard> {
    const known = this.#kept.get(file.index);
    const opened = known ?? this.#read(file);
    // The map is in order of last use.
    this.#kept.delete(file.index);
    this.#kept.set(file.index, opened);
    try {
      return await opened;
    } catch (error) {
      // What is no fault of the file may be better the next time.
      if (!(error instanceof VideoError)) this.#drop(file.index);
      throw error;
    }
  }

  async #read(file: ShardFile): Promise<OpenShard> {
    const text = await this.#store.readText(file.index);
    const place = placeOf(this.#store, file.index);
    const crc = crcText(crc32c(new TextEncoder().encode(text)));
    if (crc !== file.indexCrc32c) {
      throw new VideoError('undecodable', `${place} is damaged: its checksum is ${crc}, not ${file.indexCrc32c}`);
    }
    const { samples } = parsed(text, place, file);
    this.#frames.set(
      file.index,
      samples.reduce((sum, { frames }) => sum + frames.length, 0),
    );
    this.#forget(file.index);
    return { file, samples, verified: new Set() };
  }

  #forget(latest: string): void {
    let frames = [...this.#frames.values()].reduce((sum, count) => sum + count, 0);
    for (const name of this.#kept.keys()) {
      if (frames <= MAX_KEPT_FRAMES) return;
      if (name === latest) continue;
      frames -= this.#frames.get(name) ?? 0;
      this.#drop(name);
    }
  }

  #drop(name: string): void {
    this.#kept.delete(name);
    this.#frames.delete(name);
  }
}

function parsed(text: string, place: string, { bytes, samples }: ShardFile) {
  try {
    const index = parseShardFileIndex(text, place, bytes);
    if (index.samples.length === samples) return index;
    throw new ShardError(place, `it has ${index.samples.length} samples where the index of the set has ${samples}`);
  } catch (cause) {
    if (!(cause instanceof ShardError)) throw cause;
    throw new VideoError('undecodable', cause.message, { cause });
  }
}
