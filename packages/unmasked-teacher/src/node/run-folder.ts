import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderInUseError, lockFolder, type FolderLock } from '@umt/trainer';
import { makeFolder } from './make-folder.ts';

/** The files of a run, all below its output folder. */
export interface RunFolder {
  readonly path: string;
  readonly checkpoints: string;
  /** Every field of the run, to start it again with. */
  readonly config: string;
  /** One JSON event per line. */
  readonly log: string;
  /** The videos that could not be read, one JSON object per line. */
  readonly quarantine: string;
  /** The steps that were not finite, with their samples, one JSON object per line. */
  readonly nonFinite: string;
  readonly report: string;
  /** The weights at the end. */
  readonly weights: string;
  /** The weights that did best on a validation list, where there is one. */
  readonly best: string;
}

/**
 * The layout of an output folder. Touches nothing.
 * @param model what is trained, by which its weights are called: `student`
 */
export function runFolder(path: string, model: 'student' | 'classifier'): RunFolder {
  return {
    path,
    checkpoints: join(path, 'checkpoints'),
    config: join(path, 'config.json'),
    log: join(path, 'log.jsonl'),
    quarantine: join(path, 'quarantine.jsonl'),
    nonFinite: join(path, 'nonfinite.jsonl'),
    report: join(path, 'report.html'),
    weights: join(path, `${model}.safetensors`),
    best: join(path, `${model}-best.safetensors`),
  };
}

/**
 * Makes the folder, keeps it for this run, and writes the run's configuration into it.
 *
 * @param overwrite delete what an earlier run left in it
 * @returns what lets others use it again
 * @throws FolderInUseError of @umt/trainer where another run has it
 * @throws Error one line that names the folder, where it cannot be made or written to
 */
export async function prepareFolder(folder: RunFolder, config: object, overwrite: boolean): Promise<FolderLock> {
  let lock: FolderLock | undefined;
  try {
    await makeFolder(folder.path);
    lock = await lockFolder(folder.path);
    if (overwrite) await clearFolder(folder);
    await writeFile(folder.config, `${JSON.stringify(config, null, 2)}\n`);
    return lock;
  } catch (cause) {
    await lock?.release();
    if (cause instanceof FolderInUseError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot write to the output folder ${folder.path}; choose another with --output (${reason})`, {
      cause,
    });
  }
}

/** Deletes what an earlier run left in the folder: its own files and nothing else. */
export async function clearFolder(folder: RunFolder): Promise<void> {
  const { path, ...own } = folder;
  const entries = await readdir(path).catch(() => []);
  const others = entries
    .filter((name) => /^(events\.out\.tfevents\.|nonfinite\.rank)/.test(name))
    .map((name) => join(path, name));
  for (const file of [...Object.values(own), ...others]) await rm(file, { recursive: true, force: true });
}
