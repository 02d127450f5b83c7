import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { checkInteger, DataError, UnreadableSamplesError } from '../../data-error.ts';
import { inOrder } from '../../in-order.ts';
import type { VideoEntry } from '../../manifest.ts';
import type { BadVideo } from '../../quarantine.ts';
import { BROKEN_FILE, parseShardIndex, serializeShardJson, SHARD_INDEX_FILE, type ShardIndex } from '../format.ts';
import { resolveChoices, type ResolvedChoices } from '../pack-options.ts';
import type { PackShards, PackShardsOptions, PackSummary } from '../pack-shards.ts';
import { diskFiles, writeWhole, type FileLayer } from './file-layer.ts';
import { PackingJournal, type ShardRecord } from './packing-journal.ts';
import { openShardTasks, type ShardTasks } from './shard-tasks.ts';
import { ShardWriter } from './shard-writer.ts';
import { writeFailure } from './write-failure.ts';

/** Keys have at least so many digits, so that their order is that of the samples. */
const KEY_DIGITS = 9;

/** Packs videos into a shard set. See the browser-safe declaration for the contract. */
export const packShards: PackShards = (options) => packShardsWith(diskFiles, openShardTasks, options);

/** Packs with the file operations and threads given. */
export async function packShardsWith(
  files: FileLayer,
  openTasks: (workers: number, signal: AbortSignal | undefined) => Promise<ShardTasks>,
  options: PackShardsOptions,
): Promise<PackSummary> {
  const { entries, output, signal, workers = availableParallelism(), maxBrokenShare = 0.01 } = options;
  const choices = resolveChoices(options);
  checkInteger('workers', workers, 0);
  if (!(maxBrokenShare >= 0 && maxBrokenShare <= 1)) {
    throw new DataError(`maxBrokenShare must be from 0 to 1, got ${maxBrokenShare}`);
  }
  if (entries.length === 0) throw new DataError('there is no video to pack');
  const journal = new PackingJournal(files, output);
  let writer: ShardWriter | undefined;
  try {
    const begun = await begin(journal, files, options, choices);
    if (begun.isFinished) return await finishedBefore(files, output);
    writer = new ShardWriter({
      ...{ files, journal, folder: output, name: choices.name, shardBytes: choices.shardBytes },
      records: begun.records,
      onShard: ({ shard }) => options.onEvent?.({ type: 'shard', shard }),
    });
    await packVideos(writer, openTasks, { ...options, workers, maxBrokenShare }, choices);
    return await complete(writer, journal, files, options, choices);
  } catch (error) {
    await writer?.abandon();
    signal?.throwIfAborted();
    throw writeFailure(output, writer?.records.length ?? 0, error);
  }
}

async function begin(journal: PackingJournal, files: FileLayer, options: PackShardsOptions, choices: ResolvedChoices) {
  const { entries, output, classes, onEvent } = options;
  await files.makeFolder(output);
  const begun = await journal.begin({ entries, choices, ...(classes && { classes }) }, (shard) => {
    options.signal?.throwIfAborted();
    onEvent?.({ type: 'check', shard });
  });
  if (!begun.isFinished && begun.records.length > 0) {
    const done = begun.records.at(-1)?.to ?? 0;
    onEvent?.({ type: 'resume', shards: begun.records.length, done, total: entries.length });
  }
  return begun;
}

/** Decodes the videos that are not in a complete shard, several at a time, and writes them in the order of the list. */
async function packVideos(
  writer: ShardWriter,
  openTasks: (workers: number, signal: AbortSignal | undefined) => Promise<ShardTasks>,
  options: PackShardsOptions & Required<Pick<PackShardsOptions, 'workers' | 'maxBrokenShare'>>,
  choices: ResolvedChoices,
): Promise<void> {
  const { entries, workers, maxBrokenShare, signal, onEvent } = options;
  const total = entries.length;
  const allowed = maxBrokenShare === 0 ? 0 : Math.max(1, Math.floor(maxBrokenShare * total));
  const digits = Math.max(KEY_DIGITS, String(total - 1).length);
  let video = writer.records.at(-1)?.to ?? 0;
  let broken = writer.records.reduce((sum, record) => sum + record.broken.length, 0);
  let bytes = 0;
  signal?.throwIfAborted();
  const tasks = await openTasks(Math.min(workers, total - video), signal);
  try {
    const rest = keyed(entries, video, digits);
    for await (const result of inOrder(rest, tasks.limit, (one) => tasks.run({ type: 'pack', choices, ...one }))) {
      signal?.throwIfAborted();
      if ('packed' in result) {
        await writer.add(result.packed, video);
        bytes += result.packed.tar.length;
      } else {
        writer.addBroken(result.broken);
        onEvent?.({ type: 'broken', ...result.broken });
        if (++broken > allowed) throw tooManyBroken(broken, video + 1, total, result.broken);
      }
      video++;
      onEvent?.({ type: 'progress', done: video, total, broken, bytes });
    }
  } finally {
    await tasks.close();
  }
  await writer.finish(total);
}

/** The entries from one on, with the keys of their samples. */
function* keyed(
  entries: readonly VideoEntry[],
  first: number,
  digits: number,
): Generator<{ readonly entry: VideoEntry; readonly key: string }> {
  for (const [i, entry] of entries.entries()) {
    if (i >= first) yield { entry, key: String(i).padStart(digits, '0') };
  }
}

function tooManyBroken(broken: number, done: number, total: number, last: BadVideo): UnreadableSamplesError {
  return new UnreadableSamplesError(
    `${broken} of the first ${done} videos (of ${total}) cannot be packed, which is more than may be; the last: ` +
      `${last.message}: check where the videos are, take the broken ones from the list, or allow a larger share`,
  );
}

/** Writes what makes the set complete: the list of broken videos, then the index. */
async function complete(
  writer: ShardWriter,
  journal: PackingJournal,
  files: FileLayer,
  { output, classes }: PackShardsOptions,
  { name, encoding, shortSide }: ResolvedChoices,
): Promise<PackSummary> {
  const { records } = writer;
  const sum = (of: (record: ShardRecord) => number) => records.reduce((total, record) => total + of(record), 0);
  const broken = [...records.flatMap((record) => record.broken), ...writer.pendingBroken];
  const index: ShardIndex = {
    version: 1,
    ...{ name, encoding, shortSide },
    samples: sum(({ shard }) => shard.samples),
    frames: sum(({ frames }) => frames),
    ...(classes === undefined ? {} : { classes }),
    shards: records.map(({ shard }) => shard),
  };
  if (index.samples === 0) {
    throw new UnreadableSamplesError(`no video can be packed; the first: ${broken[0]?.message ?? ''}`);
  }
  const lines = broken.map((video) => `${JSON.stringify(video)}\n`).join('');
  await writeWhole(files, join(output, BROKEN_FILE), journal.draft(BROKEN_FILE), new TextEncoder().encode(lines));
  const text = new TextEncoder().encode(serializeShardJson(index));
  await files.flushFolder(output);
  await writeWhole(files, join(output, SHARD_INDEX_FILE), journal.draft(SHARD_INDEX_FILE), text);
  await journal.finish();
  return summaryOf(output, index, broken.length, false);
}

async function finishedBefore(files: FileLayer, output: string): Promise<PackSummary> {
  const path = join(output, SHARD_INDEX_FILE);
  const text = async (file: string) => new TextDecoder().decode(await files.read(file));
  const lines = (await text(join(output, BROKEN_FILE))).split('\n').filter((line) => line !== '');
  return summaryOf(output, parseShardIndex(await text(path), path), lines.length, true);
}

function summaryOf(output: string, index: ShardIndex, broken: number, wasComplete: boolean): PackSummary {
  const { samples, frames, shards } = index;
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  return { output, samples, frames, shards: shards.length, bytes, broken, wasComplete };
}
