import type { DecoderName } from '@umt/video';
import { VideoError } from '@umt/video';
import { checkInteger, DataError } from '../data-error.ts';
import type { VideoEntry } from '../manifest.ts';
import type { ClipVideo } from '../video-cache.ts';
import type { VideoList } from '../video-list.ts';
import {
  parseShardIndex,
  parseShardSampleMeta,
  SHARD_INDEX_FILE,
  type ShardIndex,
  type ShardSample,
} from './format.ts';
import { ShardError } from './shard-error.ts';
import { ShardIndexes, type OpenShard } from './shard-indexes.ts';
import { placeOf, type ShardStore } from './shard-store.ts';
import { shardVideo } from './shard-video.ts';

/** How samples of a shard set are opened. */
export interface OpenSampleOptions {
  /** Which decoder to use for JPEG. Default the best that is here. */
  readonly decoder?: DecoderName;
}

/**
 * Samples that were packed into shards. What is in memory is the index of the set and the side files of the shards that
 * were read last; everything else is read when it is wanted.
 */
export interface ShardSet extends VideoList {
  /** What `openShardSet` was given, or the name of the store. */
  readonly place: string;
  readonly index: ShardIndex;
  /** Samples of each shard. */
  readonly groups: readonly number[];
  /**
   * One sample as a video of a data set, with what was known of it: path, classes, captions.
   *
   * @throws VideoError of kind 'not-found' or 'undecodable' when its shard is missing or damaged; ShardSourceError when the
   *   source does not answer any more; DataError for an index that is none
   */
  entryAt(index: number): Promise<VideoEntry & { readonly shard: { readonly set: string; readonly sample: number } }>;
  /**
   * Opens the frames of one sample.
   *
   * @throws as `entryAt` does; so do the frames
   */
  open(index: number, options?: OpenSampleOptions): Promise<ClipVideo>;
  /** Ends it: what is asked for later is refused, what is being read is not waited for. */
  close(): Promise<void>;
}

/**
 * Opens the shard set of a store.
 *
 * @param place what its entries name it by, so that it can be opened again
 * @throws ShardError when there is none, or its index is damaged; ShardSourceError when the source does not answer
 */
export async function openShardSetIn(store: ShardStore, place = store.name): Promise<ShardSet> {
  const name = placeOf(store, SHARD_INDEX_FILE);
  const text = await store.readText(SHARD_INDEX_FILE).catch((cause: unknown) => {
    if (!(cause instanceof VideoError) || cause.kind !== 'not-found') throw cause;
    throw new ShardError(
      store.name,
      `no complete shard set is here, it has no ${SHARD_INDEX_FILE}: give its folder, or pack it to the end`,
      { cause },
    );
  });
  return new StoredShardSet(store, place, parseShardIndex(text, name));
}

class StoredShardSet implements ShardSet {
  readonly place: string;
  readonly index: ShardIndex;
  readonly length: number;
  readonly groups: readonly number[];
  readonly #store: ShardStore;
  readonly #shards: ShardIndexes;
  /** First sample of each shard. */
  readonly #firsts: readonly number[];
  #isClosed = false;

  constructor(store: ShardStore, place: string, index: ShardIndex) {
    this.place = place;
    this.index = index;
    this.length = index.samples;
    this.groups = index.shards.map(({ samples }) => samples);
    this.#store = store;
    this.#shards = new ShardIndexes(store);
    let next = 0;
    this.#firsts = this.groups.map((samples) => {
      const first = next;
      next += samples;
      return first;
    });
  }

  nameAt(index: number): string {
    return `${this.place}#${index}`;
  }

  async entryAt(index: number) {
    const { shard, sample } = await this.#find(index);
    const [offset, bytes] = sample.json;
    const text = new TextDecoder().decode(await this.#store.read(shard.file.file, offset, bytes));
    try {
      const { path, label, labels, captions, question, answers } = parseShardSampleMeta(
        text,
        `${placeOf(this.#store, shard.file.file)}: ${sample.key}.json`,
      );
      return {
        path,
        ...(label === undefined ? {} : { label }),
        ...(labels === undefined ? {} : { labels }),
        ...(captions === undefined ? {} : { captions }),
        ...(question === undefined ? {} : { question }),
        ...(answers === undefined ? {} : { answers }),
        shard: { set: this.place, sample: index },
      };
    } catch (cause) {
      if (!(cause instanceof ShardError)) throw cause;
      throw new VideoError('undecodable', cause.message, { cause });
    }
  }

  async open(index: number, { decoder }: OpenSampleOptions = {}): Promise<ClipVideo> {
    const { shard, sample, number } = await this.#find(index);
    return shardVideo({
      store: this.#store,
      encoding: this.index.encoding,
      shard,
      sample,
      number,
      ...(decoder === undefined ? {} : { decoder }),
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  async #find(index: number): Promise<{ shard: OpenShard; sample: ShardSample; number: number }> {
    if (this.#isClosed) throw new VideoError('closed', `${this.place} was closed: open it again to read samples`);
    checkInteger('index', index, 0, this.length - 1);
    let low = 0;
    let high = this.#firsts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#firsts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    const file = this.index.shards[low];
    if (file === undefined) throw new DataError(`${this.place}: it has no sample ${index}`);
    const number = index - (this.#firsts[low] ?? 0);
    const shard = await this.#shards.of(file);
    const sample = shard.samples[number];
    if (sample === undefined) throw new VideoError('undecodable', `${this.nameAt(index)}: its side file ends before`);
    return { shard, sample, number };
  }
}
