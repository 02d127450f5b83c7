import { hostname } from 'node:os';
import { join } from 'node:path';
import { joinCollective, membershipFromEnvironment, pickedLine, type Picked } from '@umt/runtime';
import type { Collective } from '@umt/tensor';
import {
  fileSink,
  jsonLinesLog,
  tensorBoardFileName,
  tensorBoardLog,
  type AnyEvent,
  type FolderLock,
  type RunControl,
  type TrainingEvent,
} from '@umt/trainer';
import { nonFiniteFile } from './non-finite-file.ts';
import { prepareFolder, type RunFolder } from './run-folder.ts';
import { withEngine } from './with-engine.ts';

/** What a run needs before it can begin. */
export interface FolderRun {
  readonly config: { readonly device: string };
  readonly folder: RunFolder;
  /** Delete what an earlier run left in the folder. */
  readonly overwrite: boolean;
}

/** How a run talks to the outside. */
export interface RunHooks<Event> {
  readonly emit: (event: Event) => void;
  readonly stopSignal: AbortSignal;
  /** The processes that share the run. */
  readonly collective: Collective;
}

/**
 * Runs a training on an engine of its own while writing JSON lines and TensorBoard events into its folder. Of several
 * processes that a launcher started all train, and rank 0 alone writes and reports; the others pass on warnings.
 *
 * @returns what came of it, and which of the processes this is
 * @throws DeviceError and LaunchError of @umt/runtime, LostRankError of @umt/engine-torch, and what the training throws
 */
export async function runInFolder<Event extends AnyEvent, Outcome>(
  { config, folder, overwrite }: FolderRun,
  control: RunControl<Event | TrainingEvent>,
  run: (hooks: RunHooks<Event | TrainingEvent>) => Promise<Outcome>,
): Promise<{ readonly outcome: Outcome; readonly picked: Picked; readonly rank: number }> {
  const membership = membershipFromEnvironment(process.env);
  const own = membership ? ofRank(membership.rank, control) : control;
  const loading = (detail: string) => own.emit({ type: 'phase', phase: 'loading', detail, progress: null });
  loading('engine');
  return withEngine(
    config.device,
    async (picked, engine) => {
      loading(pickedLine(picked));
      if (membership) loading(`the other processes of ${membership.worldSize}`);
      const nonFinite = nonFiniteFile(folder.nonFinite, membership?.rank ?? 0);
      let lock: FolderLock | undefined;
      const collective = await joinCollective(engine, membership);
      if (membership) loading(`${membership.worldSize} processes over ${collective.transport}`);
      try {
        const { rank } = collective;
        if (rank === 0) lock = await prepareFolder(folder, config, overwrite);
        await collective.barrier();
        const outcome = await (rank === 0
          ? logged(folder, own, [nonFinite.onEvent], (hooks) => run({ ...hooks, collective }))
          : run({ ...own, emit: toAll([own.emit, nonFinite.onEvent]), collective }));
        await collective.leave();
        own.emit({ type: 'phase', phase: 'finishing', detail: 'report', progress: null });
        return { outcome, picked, rank };
      } finally {
        collective.dispose();
        await lock?.release();
        await nonFinite.close();
      }
    },
    membership,
  );
}

/** What a rank says: rank 0 everything, others warnings only. */
function ofRank<Event extends AnyEvent>(rank: number, control: RunControl<Event>): RunControl<Event> {
  if (rank === 0) return control;
  const emit = (event: Event) => {
    if (event.type === 'warning' && 'message' in event) {
      control.emit({ ...event, message: `rank ${rank}: ${String(event.message)}` });
    }
  };
  return { ...control, emit };
}

function toAll<Event>(handlers: readonly ((event: Event) => void)[]): (event: Event) => void {
  return (event) => handlers.forEach((handle) => handle(event));
}

async function logged<Event extends AnyEvent, Outcome>(
  folder: RunFolder,
  control: RunControl<Event | TrainingEvent>,
  others: readonly ((event: AnyEvent) => void)[],
  run: (hooks: Omit<RunHooks<Event | TrainingEvent>, 'collective'>) => Promise<Outcome>,
): Promise<Outcome> {
  const lines = fileSink(folder.log);
  const board = fileSink(join(folder.path, tensorBoardFileName(Date.now() / 1000, hostname(), process.pid)));
  try {
    return await run({
      emit: toAll([control.emit, jsonLinesLog(lines), tensorBoardLog(board), ...others]),
      stopSignal: control.stopSignal,
    });
  } finally {
    await Promise.all([lines.close(), board.close()]);
  }
}
