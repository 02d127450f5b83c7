import type { Command } from 'commander';
import { verifyShards, verifyVideos, type VerifyOptions } from '@umt/data';
import { eventLine } from '../event-line.ts';
import { shardSetAt } from '../shard-set-at.ts';
import { addSourceOptions, addWorkersOption, readSource, type SourceFlags } from './data-source.ts';
import type { CommandIo } from './io.ts';
import { shownWhile, statusLine } from './status-line.ts';
import { untilStopped } from './until-stopped.ts';
import { counted, WorkProgress } from './work-progress.ts';

/** The command's flags as they were typed. */
interface Typed extends SourceFlags {
  readonly workers?: number;
  readonly json?: boolean;
}

/** Something that is broken, whatever was checked. */
interface Broken {
  readonly path: string;
  readonly kind: string;
  readonly message: string;
}

/** What was checked, in words and as fields of an event. */
interface Found {
  readonly words: string;
  readonly fields: Readonly<Record<string, number>>;
  readonly broken: readonly Broken[];
}

/** Adds `data verify` to the group. */
export function addDataVerifyCommand(group: Command, io: CommandIo, onExit: (code: number) => void): void {
  const command = group
    .command('verify')
    .summary('decode everything and list what is broken')
    .description(
      'Decodes every frame of videos, or checks sizes, checksums and every frame of a shard set, and lists what is broken ' +
        'with its cause. The exit code is 1 when something is.',
    )
    .argument('<videos>', 'a folder of videos, a list, or a shard set; as path or address');
  addSourceOptions(addWorkersOption(command))
    .option('--json', 'print one JSON object per line')
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} data verify my-videos
  ${io.program} data verify train.jsonl --json > report.jsonl
  ${io.program} data verify https://example.org/shards/`,
    )
    .action(async (place: string, typed: Typed) => {
      onExit(await verify(place, typed, io));
    });
}

async function verify(place: string, typed: Typed, io: CommandIo): Promise<number> {
  const { workers, json = false } = typed;
  const status = statusLine(io);
  const shards = await shownWhile(`looking at ${place}`, io, () => shardSetAt(place));
  await shards?.close();
  const progress = new WorkProgress(shards ? 'shards' : 'videos');
  let count = 0;
  const onChecked = (state: { readonly done: number; readonly total: number }, broken: readonly Broken[]) => {
    count += broken.length;
    for (const one of broken) {
      status.clear();
      io.out.write(json ? eventLine({ type: 'broken', ...one }) : `${one.kind}  ${one.message}\n`);
    }
    status.show(`checking ${progress.line({ ...state, broken: count })}`);
    if (json && progress.isEventDue()) {
      const { rate, secondsLeft } = progress.measured(state.done, state.total);
      io.out.write(eventLine({ type: 'progress', ...state, broken: count, rate, secondsLeft }));
    }
  };
  try {
    return await untilStopped('left off before the end', io, async (signal) => {
      const how = { signal, onChecked, ...(workers !== undefined && { workers }) };
      const { words, fields, broken } = shards ? await ofShards(place, how) : await ofVideos(place, typed, how);
      status.clear();
      const { seconds } = progress;
      if (json) io.out.write(eventLine({ type: 'result', ...fields, broken: broken.length, seconds }));
      else io.out.write(`${place}: ${words}, ${broken.length === 0 ? 'nothing' : broken.length} broken\n`);
      return broken.length === 0 ? 0 : 1;
    });
  } finally {
    status.clear();
  }
}

async function ofShards(place: string, how: VerifyOptions<Broken>): Promise<Found> {
  const { shards, samples, frames, broken } = await verifyShards({ place, ...how });
  return {
    words: [counted(shards, 'shard'), counted(samples, 'sample'), counted(frames, 'frame')].join(', '),
    fields: { shards, samples, frames },
    broken,
  };
}

async function ofVideos(place: string, typed: Typed, how: VerifyOptions<Broken>): Promise<Found> {
  const { entries } = await readSource(place, typed);
  const { videos, frames, broken } = await verifyVideos({ entries, ...how });
  return { words: `${counted(videos, 'video')}, ${counted(frames, 'frame')}`, fields: { videos, frames }, broken };
}
