import { VideoError } from '@umt/video';
import { UNREADABLE_KINDS, UnreadableSamplesError } from './data-error.ts';
import type { Videos } from './video-list.ts';

/** A video that cannot be read, and why, as plain data. */
export interface BadVideo {
  readonly path: string;
  /** What kind of `VideoError` it gave. */
  readonly kind: string;
  readonly message: string;
}

/** Remembers bad videos from one start of a run to the next, for all of its processes. */
export interface QuarantineStore {
  /** What messages call it: the path of a file. */
  readonly name: string;
  /** All that are listed, those of other processes included. @throws DataError when they cannot be read */
  load(): readonly BadVideo[];
  /** Lists a video that is not listed yet. @throws DataError when it cannot be written */
  add(video: BadVideo): void;
}

/** What a quarantine needs to know. */
export interface QuarantineOptions {
  /** The videos of the data set; repeated ones count once. */
  readonly entries: Videos;
  /** Share of the videos that may be bad; one may be unless it is 0. */
  readonly maxUnreadableShare: number;
  /** Where bad videos are listed; undefined for nowhere but here. */
  readonly store: QuarantineStore | undefined;
}

/** What videos are known by: a path, the name of a shard's sample, or the bytes of what has neither. */
type Key = string | Blob;

/** The bad videos of a data set: each is decoded, listed and told of once. */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #causes = new Map<Key, VideoError>();
  #keys: ReadonlySet<Key> | undefined;

  /** @throws UnreadableSamplesError when more are listed than may be; DataError when the list cannot be read */
  constructor(options: QuarantineOptions) {
    this.#options = options;
    this.#learn(options.store?.load() ?? []);
    this.check();
  }

  /** The bad videos so far, in the order they became known; those that other processes listed among them. */
  get videos(): readonly BadVideo[] {
    this.#learn(this.#options.store?.load() ?? []);
    return [...this.#causes].map(([key, { kind, message }]) => ({ path: nameOf(key), kind, message }));
  }

  /** Why the video of an index cannot be read, where that is known. */
  causeOf(index: number): VideoError | undefined {
    return this.#causes.size === 0 ? undefined : this.#causes.get(this.#keyAt(index));
  }

  /**
   * Takes in the video of an index.
   *
   * @returns whether it was not known yet, here or to other processes
   */
  add(index: number, cause: VideoError): boolean {
    const key = this.#keyAt(index);
    const { store } = this.#options;
    if (store !== undefined) this.#learn(store.load());
    if (this.#causes.has(key)) return false;
    this.#causes.set(key, cause);
    if (typeof key === 'string') store?.add({ path: key, kind: cause.kind, message: cause.message });
    return true;
  }

  /** @throws UnreadableSamplesError when more videos are bad than may be: their share, count, list and what to do */
  check(): void {
    const bad = this.#causes.size;
    if (bad === 0) return;
    const { maxUnreadableShare, store } = this.#options;
    const count = this.#count();
    const most = maxUnreadableShare === 0 ? 0 : Math.max(1, Math.floor(maxUnreadableShare * count));
    if (bad <= most) return;
    const { message } = [...this.#causes.values()].at(-1) ?? { message: '' };
    const listed = store === undefined ? '' : `; all are in ${store.name}`;
    const advice = store === undefined ? 'mend or remove them' : 'mend or remove them and delete that list';
    throw new UnreadableSamplesError(
      `${bad} of ${count} videos (${percent(bad / count)}) could not be read, more than the ${percent(maxUnreadableShare)} ` +
        `of maxUnreadableShare${listed}: ${advice}, or allow more; the last: ${message}`,
    );
  }

  /** Videos that are not of this data set do not count, where that can be told. */
  #learn(videos: readonly BadVideo[]): void {
    for (const { path, kind, message } of videos) {
      if (this.#causes.has(path) || !(this.#distinct()?.has(path) ?? true)) continue;
      const known = UNREADABLE_KINDS.find((one) => one === kind) ?? 'undecodable';
      this.#causes.set(path, new VideoError(known, message));
    }
  }

  #keyAt(index: number): Key {
    const { entries } = this.#options;
    if ('nameAt' in entries) return entries.nameAt(index);
    const entry = entries[index];
    return entry?.source ?? entry?.path ?? '';
  }

  #count(): number {
    const { entries } = this.#options;
    return this.#distinct()?.size ?? ('entryAt' in entries ? (entries.distinctLength ?? entries.length) : 0);
  }

  /** The distinct videos of a list in memory, looked for when the first bad one is met. */
  #distinct(): ReadonlySet<Key> | undefined {
    const { entries } = this.#options;
    if ('entryAt' in entries) return undefined;
    return (this.#keys ??= new Set(entries.map((_, index) => this.#keyAt(index))));
  }
}

const nameOf = (key: Key): string => (typeof key === 'string' ? key : 'name' in key ? String(key.name) : 'a blob');

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
