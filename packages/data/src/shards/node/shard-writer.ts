import { join } from 'node:path';
import { crc32c } from '@umt/crc';
import type { BadVideo } from '../../quarantine.ts';
import { crcText, serializeShardJson, shardFileName, shardIndexFileName, type ShardSample } from '../format.ts';
import type { ByteRange } from '../json-fields.ts';
import { TAR_END_BYTES, type PackedSample } from '../pack-sample.ts';
import { writeWhole, type FileLayer, type FileWriter } from './file-layer.ts';
import type { PackingJournal, ShardRecord } from './packing-journal.ts';

/** What a set's shards are written with. */
export interface ShardWriterOptions {
  readonly files: FileLayer;
  readonly folder: string;
  readonly journal: PackingJournal;
  readonly name: string;
  readonly shardBytes: number;
  /** Shards that are complete. */
  readonly records: readonly ShardRecord[];
  /** Hears of each shard that is complete. */
  onShard(record: ShardRecord): void;
}

/** The tar file that is being written. */
interface OpenShard {
  readonly writer: FileWriter;
  readonly samples: ShardSample[];
  bytes: number;
  crc: number;
}

/** Writes samples, one after the other, into tar files of a bounded size. */
export class ShardWriter {
  readonly #options: ShardWriterOptions;
  readonly #records: ShardRecord[];
  #open: OpenShard | undefined;
  #broken: BadVideo[] = [];

  constructor(options: ShardWriterOptions) {
    this.#options = options;
    this.#records = [...options.records];
  }

  /** The complete shards. */
  get records(): readonly ShardRecord[] {
    return this.#records;
  }

  /** Videos that could not be packed since the last complete shard. */
  get pendingBroken(): readonly BadVideo[] {
    return this.#broken;
  }

  /**
   * Adds the next sample.
   *
   * @param video its place in the list of videos
   */
  async add({ tar, sample }: PackedSample, video: number): Promise<void> {
    const { shardBytes } = this.#options;
    if (this.#open && this.#open.bytes + tar.length + TAR_END_BYTES > shardBytes) await this.#complete(video);
    this.#open ??= await this.#begin();
    const { bytes: start, samples } = this.#open;
    const moved = ([offset, length]: ByteRange): ByteRange => [start + offset, length];
    samples.push({ ...sample, json: moved(sample.json), frames: sample.frames.map(moved) });
    await this.#write(this.#open, tar);
  }

  /** Remembers a video that could not be packed. */
  addBroken(video: BadVideo): void {
    this.#broken.push(video);
  }

  /** Completes the last shard. @param videos how many the list has */
  async finish(videos: number): Promise<void> {
    if (this.#open) await this.#complete(videos);
  }

  /** Lets go of the file that is being written, when it is given up. */
  async abandon(): Promise<void> {
    const writer = this.#open?.writer;
    this.#open = undefined;
    await writer?.close().catch(() => undefined);
  }

  async #begin(): Promise<OpenShard> {
    const { files, journal } = this.#options;
    return { writer: await files.create(journal.draft('shard.tar')), samples: [], bytes: 0, crc: 0 };
  }

  async #write(shard: OpenShard, bytes: Uint8Array): Promise<void> {
    await shard.writer.write(bytes);
    shard.bytes += bytes.length;
    shard.crc = crc32c(bytes, shard.crc);
  }

  /** Puts tar and side file into their places, then says so in the journal. @param to the first video after this shard */
  async #complete(to: number): Promise<void> {
    const shard = this.#open;
    if (shard === undefined) return;
    const { files, folder, journal, name, onShard } = this.#options;
    const number = this.#records.length;
    const file = shardFileName(name, number);
    const index = shardIndexFileName(name, number);
    await this.#write(shard, new Uint8Array(TAR_END_BYTES));
    await shard.writer.flush();
    await shard.writer.close();
    await files.rename(journal.draft('shard.tar'), join(folder, file));
    const side = new TextEncoder().encode(serializeShardJson({ version: 1, samples: shard.samples }));
    await writeWhole(files, join(folder, index), journal.draft('shard.json'), side);
    const record: ShardRecord = {
      from: this.#records.at(-1)?.to ?? 0,
      to,
      frames: shard.samples.reduce((sum, sample) => sum + sample.frames.length, 0),
      shard: {
        file,
        index,
        bytes: shard.bytes,
        samples: shard.samples.length,
        crc32c: crcText(shard.crc),
        indexCrc32c: crcText(crc32c(side)),
      },
      broken: this.#broken,
    };
    await journal.record(number, record);
    this.#open = undefined;
    this.#broken = [];
    this.#records.push(record);
    onShard(record);
  }
}
