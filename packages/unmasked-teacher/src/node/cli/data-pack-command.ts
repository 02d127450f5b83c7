import { InvalidArgumentError, Option, type Command } from 'commander';
import { packShards, type PackEvent, type PackShardsOptions, type PackSummary } from '@umt/data';
import { formatBytes } from '@umt/trainer';
import { eventLine } from '../event-line.ts';
import { addSourceOptions, addWorkersOption, readSource, type SourceFlags } from './data-source.ts';
import { wholeNumber } from './inference-options.ts';
import type { CommandIo } from './io.ts';
import { shownWhile, statusLine, type StatusLine } from './status-line.ts';
import { untilStopped } from './until-stopped.ts';
import { counted, WorkProgress } from './work-progress.ts';

/** The command's flags as they were typed. */
interface Typed extends SourceFlags {
  readonly output: string;
  readonly encoding: 'jpeg' | 'rgb';
  readonly shortSide: number;
  readonly quality: number;
  readonly frames?: number;
  readonly fps?: number;
  readonly shardSize: number;
  readonly name: string;
  readonly workers?: number;
  readonly maxBroken: number;
  readonly json?: boolean;
}

/** Adds `data pack` to the group. */
export function addDataPackCommand(group: Command, io: CommandIo, onExit: (code: number) => void): void {
  const command = group
    .command('pack')
    .summary('decode videos once into shards of small frames')
    .description(
      'Decodes each video once and writes its frames, reduced, into tar files in the WebDataset convention, with an index ' +
        'that training reads them by: from a disk, or by ranges over http. Left off in any way (Ctrl-C, a full disk, a crash), ' +
        'the same command goes on after the last complete shard, to the same bytes. Broken videos are left out and listed in ' +
        'broken.jsonl.',
    )
    .argument('<videos>', 'a folder of videos, or a list: .csv, .txt, .json, .jsonl or .parquet, as path or address')
    .requiredOption('--output <folder>', 'folder of the shard set')
    .addOption(
      new Option('--encoding <name>', 'frames as JPEG files, or raw in NumPy arrays')
        .choices(['jpeg', 'rgb'])
        .default('jpeg'),
    )
    .option('--short-side <pixels>', 'what the shorter side of frames is reduced to', wholeNumber, 256)
    .option('--quality <number>', "of JPEG files, FFmpeg's scale: 1 is the best, 31 the smallest", wholeNumber, 2)
    .option('--frames <number>', 'at most so many frames of a video, uniformly spaced', wholeNumber)
    .option('--fps <number>', 'frames per second to keep', positive)
    .option('--shard-size <bytes>', 'largest size of a tar file: 256MB, 1GB', byteSize, 256_000_000)
    .option('--name <text>', 'what the files begin with', 'shard')
    .option('--max-broken <share>', 'share of the videos that may be broken', share, 0.01);
  addSourceOptions(addWorkersOption(command))
    .option('--json', 'print one JSON object per line')
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} data pack my-videos --output shards
  ${io.program} data pack train.csv --separator comma --output k400 --frames 64 --shard-size 1GB
  ${io.program} data pack ssv2 --labeled --split train --output ssv2-shards --encoding rgb --short-side 128
  ${io.program} pretrain tiny --data shards --output runs/first`,
    )
    .action(async (place: string, typed: Typed) => {
      onExit(await pack(place, typed, io));
    });
}

async function pack(place: string, typed: Typed, io: CommandIo): Promise<number> {
  const { output, encoding, shortSide, quality, frames, fps, shardSize, name, workers, maxBroken, json } = typed;
  const { entries, classes } = await shownWhile(`reading ${place}`, io, () => readSource(place, typed));
  const options: PackShardsOptions = {
    ...{ entries, output, encoding, shortSide, quality, name, shardBytes: shardSize, maxBrokenShare: maxBroken },
    ...(classes && { classes }),
    ...(frames !== undefined && { frames }),
    ...(fps !== undefined && { fps }),
    ...(workers !== undefined && { workers }),
  };
  const status = statusLine(io);
  const leftOff = `left off; what is complete in ${output} is kept, the same command goes on`;
  try {
    return await untilStopped(leftOff, io, async (signal) => {
      const progress = new WorkProgress('clips');
      const onEvent = (event: PackEvent) => tell(event, progress, { status, isJson: json === true, io });
      const summary = await packShards({ ...options, signal, onEvent });
      status.clear();
      const { seconds } = progress;
      io.out.write(json === true ? eventLine({ type: 'result', ...summary, seconds }) : inWords(summary));
      return 0;
    });
  } finally {
    status.clear();
  }
}

function tell(
  event: PackEvent,
  progress: WorkProgress,
  { status, isJson, io }: { readonly status: StatusLine; readonly isJson: boolean; readonly io: CommandIo },
): void {
  const say = (line: string) => {
    status.clear();
    io.err.write(`${line}\n`);
  };
  switch (event.type) {
    case 'check':
      status.show(`checking ${event.shard.file}`);
      return;
    case 'resume':
      progress.startAt(event.done);
      say(`going on after ${counted(event.shards, 'complete shard')}, at video ${event.done + 1} of ${event.total}`);
      break;
    case 'progress':
      status.show(`packing ${progress.line(event)}`);
      if (isJson && progress.isEventDue()) {
        io.out.write(eventLine({ ...event, ...progress.measured(event.done, event.total) }));
      }
      return;
    case 'broken':
      say(`broken: ${event.message}`);
      break;
    case 'shard':
      break;
  }
  if (isJson) io.out.write(eventLine(event));
}

function inWords({ output, samples, frames, shards, bytes, broken, wasComplete }: PackSummary): string {
  const before = wasComplete ? 'was complete before: ' : '';
  const what = `${counted(samples, 'sample')} with ${counted(frames, 'frame')} in ${counted(shards, 'shard')}`;
  const left = broken === 0 ? '' : `; ${counted(broken, 'broken video')} left out, see ${output}/broken.jsonl`;
  return `${output}: ${before}${what}, ${formatBytes(bytes)}${left}\n`;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

function byteSize(typed: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)b?$/i.exec(typed) ?? [];
  const bytes = number === '' ? NaN : Math.round(Number(number) * (UNITS[unit.toLowerCase()] ?? NaN));
  if (bytes >= 1) return bytes;
  throw new InvalidArgumentError('It must be a size such as 500MB or 1GB.');
}

function positive(typed: string): number {
  const number = Number(typed);
  if (typed !== '' && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a number above 0.');
}

function share(typed: string): number {
  const number = Number(typed);
  if (typed !== '' && number >= 0 && number <= 1) return number;
  throw new InvalidArgumentError('It must be from 0 to 1.');
}
