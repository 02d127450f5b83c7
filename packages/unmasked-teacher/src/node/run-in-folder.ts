import { hostname } from 'node:os';
import { join } from 'node:path';
import { pickedLine, type Picked } from '@umt/runtime';
import {
  fileSink,
  jsonLinesLog,
  tensorBoardFileName,
  tensorBoardLog,
  type AnyEvent,
  type RunControl,
  type TrainingEvent,
} from '@umt/trainer';
import { clearFolder, prepareFolder, type RunFolder } from './run-folder.ts';
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
}

/**
 * Runs a training on an engine of its own while writing JSON lines and TensorBoard events into its folder.
 *
 * @throws DeviceError of @umt/runtime, and what the training throws
 */
export async function runInFolder<Event extends AnyEvent, Outcome>(
  { config, folder, overwrite }: FolderRun,
  control: RunControl<Event | TrainingEvent>,
  run: (hooks: RunHooks<Event | TrainingEvent>) => Promise<Outcome>,
): Promise<{ readonly outcome: Outcome; readonly picked: Picked }> {
  const loading = (detail: string) => control.emit({ type: 'phase', phase: 'loading', detail, progress: null });
  loading('engine');
  return withEngine(config.device, async (picked) => {
    loading(pickedLine(picked));
    if (overwrite) await clearFolder(folder);
    await prepareFolder(folder, config);
    const outcome = await logged(folder, control, run);
    control.emit({ type: 'phase', phase: 'finishing', detail: 'report', progress: null });
    return { outcome, picked };
  });
}

async function logged<Event extends AnyEvent, Outcome>(
  folder: RunFolder,
  control: RunControl<Event | TrainingEvent>,
  run: (hooks: RunHooks<Event | TrainingEvent>) => Promise<Outcome>,
): Promise<Outcome> {
  const lines = fileSink(folder.log);
  const board = fileSink(join(folder.path, tensorBoardFileName(Date.now() / 1000, hostname(), process.pid)));
  const handlers = [control.emit, jsonLinesLog(lines), tensorBoardLog(board)];
  try {
    return await run({
      emit: (event) => handlers.forEach((handle) => handle(event)),
      stopSignal: control.stopSignal,
    });
  } finally {
    await Promise.all([lines.close(), board.close()]);
  }
}
