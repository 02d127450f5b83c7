import { join } from 'node:path';
import { crc32c } from '@umt/crc';
import type { VideoEntry } from '../../manifest.ts';
import type { BadVideo } from '../../quarantine.ts';
import { crcText, readBadVideo, readShardFile, SHARD_INDEX_FILE, type ShardFile } from '../format.ts';
import { JsonFields } from '../json-fields.ts';
import type { ResolvedChoices } from '../pack-options.ts';
import { ShardError } from '../shard-error.ts';
import { writeWhole, type FileLayer } from './file-layer.ts';

/** Says with what a folder was begun, so that it is not gone on with anything else. It stays. */
const PLAN_FILE = 'pack.json';

/** What is only there while packing goes on: drafts, and a record of each complete shard. */
const JOURNAL_FOLDER = '.packing';

/** A complete shard: what is known of it once its files are in their places. */
export interface ShardRecord {
  /** Which videos of the list it covers: from this one on, up to the other, which it has not. */
  readonly from: number;
  readonly to: number;
  readonly frames: number;
  readonly shard: ShardFile;
  /** Those of them that could not be packed. */
  readonly broken: readonly BadVideo[];
}

/** What is packed, and how. */
export interface Packing {
  readonly entries: readonly VideoEntry[];
  readonly classes?: readonly string[];
  readonly choices: ResolvedChoices;
}

/** What is on the disk of a packing that was begun before. */
export type Begun = { readonly isFinished: true } | { readonly isFinished: false; readonly records: ShardRecord[] };

/** Remembers in the folder itself what is done, so that packing can be left off at any moment and taken up again. */
export class PackingJournal {
  readonly #files: FileLayer;
  readonly #folder: string;

  constructor(files: FileLayer, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Path of a draft: a file on its way to its place. */
  draft(name: string): string {
    return join(this.#folder, JOURNAL_FOLDER, `draft-${name}`);
  }

  /**
   * Begins, or finds what was done before.
   *
   * @param onCheck hears of each shard before it is compared with its checksum
   * @throws ShardError when the folder was begun with other videos or choices, or holds something else
   */
  async begin(packing: Packing, onCheck: (shard: ShardFile) => void): Promise<Begun> {
    const plan = planOf(packing);
    const path = join(this.#folder, PLAN_FILE);
    const before = await this.#files.read(path);
    if (before === undefined) {
      const names = (await this.#files.list(this.#folder)).filter((name) => name !== JOURNAL_FOLDER);
      if (names.length > 0) {
        const found = `it holds ${names[0] ?? ''} and no packing to go on with`;
        throw new ShardError(this.#folder, `${found}: choose a folder that is empty or not there yet`);
      }
      await this.#files.makeFolder(join(this.#folder, JOURNAL_FOLDER));
      await writeWhole(this.#files, path, this.draft(PLAN_FILE), encode(plan));
      await this.#files.flushFolder(this.#folder);
      return { isFinished: false, records: [] };
    }
    this.#compare(JsonFields.parse(new TextDecoder().decode(before), path), plan);
    if ((await this.#files.read(join(this.#folder, SHARD_INDEX_FILE))) !== undefined) {
      await this.#files.remove(join(this.#folder, JOURNAL_FOLDER));
      return { isFinished: true };
    }
    await this.#files.makeFolder(join(this.#folder, JOURNAL_FOLDER));
    return { isFinished: false, records: await this.#completeShards(onCheck) };
  }

  /** Records a shard whose files are in their places. */
  async record(number: number, record: ShardRecord): Promise<void> {
    await this.#files.flushFolder(this.#folder);
    await writeWhole(this.#files, this.#recordPath(number), this.draft('record.json'), encode(record));
    await this.#files.flushFolder(join(this.#folder, JOURNAL_FOLDER));
  }

  /** Ends it: the index is in its place. */
  async finish(): Promise<void> {
    await this.#files.flushFolder(this.#folder);
    await this.#files.remove(join(this.#folder, JOURNAL_FOLDER));
  }

  #recordPath(number: number): string {
    return join(this.#folder, JOURNAL_FOLDER, `${String(number).padStart(6, '0')}.json`);
  }

  #compare(before: JsonFields, plan: Plan): void {
    const begun = (problem: string): never => {
      throw new ShardError(this.#folder, `it was begun with ${problem}: pack as before, or into another folder`);
    };
    if (before.integer('version') !== plan.version) begun('another version of this program');
    const choices = before.object('choices');
    for (const [name, now] of Object.entries(plan.choices)) {
      const then = choices.raw(name);
      if (then !== now) begun(`${name} ${shown(then)}, now it is ${shown(now)}`);
    }
    if (before.integer('videos') !== plan.videos || before.crc('list') !== plan.list) begun('another list of videos');
  }

  /** The shards from the first on that are whole; what comes after a damaged one is made again. */
  async #completeShards(onCheck: (shard: ShardFile) => void): Promise<ShardRecord[]> {
    const records: ShardRecord[] = [];
    for (;;) {
      const bytes = await this.#files.read(this.#recordPath(records.length));
      const record = bytes === undefined ? undefined : parseRecord(bytes);
      if (record === undefined || record.from !== (records.at(-1)?.to ?? 0)) return records;
      onCheck(record.shard);
      if (!(await this.#isWhole(record.shard))) return records;
      records.push(record);
    }
  }

  async #isWhole({ file, index, bytes, crc32c: expected, indexCrc32c }: ShardFile): Promise<boolean> {
    const side = await this.#files.read(join(this.#folder, index));
    if (side === undefined || crcText(crc32c(side)) !== indexCrc32c) return false;
    let crc = 0;
    let found = 0;
    for await (const piece of this.#files.readPieces(join(this.#folder, file))) {
      crc = crc32c(piece, crc);
      found += piece.length;
    }
    return found === bytes && crcText(crc) === expected;
  }
}

/** With what a folder was begun. */
interface Plan {
  readonly version: number;
  readonly choices: ResolvedChoices;
  readonly videos: number;
  readonly list: string;
}

function planOf({ entries, classes = [], choices }: Packing): Plan {
  const crc = entries.reduce((before, entry) => crc32c(encode(entry), before), crc32c(encode(classes)));
  return { version: 1, choices, videos: entries.length, list: crcText(crc) };
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value)}\n`);

const shown = (value: unknown): string => (value === null ? 'not given' : String(value));

/** A record that was cut off or changed is none. */
function parseRecord(bytes: Uint8Array): ShardRecord | undefined {
  try {
    const fields = JsonFields.parse(new TextDecoder().decode(bytes), 'record');
    return {
      from: fields.integer('from'),
      to: fields.integer('to'),
      frames: fields.integer('frames', 1),
      shard: readShardFile(fields.object('shard')),
      broken: fields.objects('broken', readBadVideo),
    };
  } catch (error) {
    if (error instanceof ShardError) return undefined;
    throw error;
  }
}
