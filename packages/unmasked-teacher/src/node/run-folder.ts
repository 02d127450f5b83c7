import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
    report: join(path, 'report.html'),
    weights: join(path, `${model}.safetensors`),
    best: join(path, `${model}-best.safetensors`),
  };
}

/**
 * Makes the folder and writes the run's configuration into it.
 *
 * @throws Error one line that names the folder, where it cannot be made or written to
 */
export async function prepareFolder(folder: RunFolder, config: object): Promise<void> {
  try {
    await makeFolder(folder.path);
    await writeFile(folder.config, `${JSON.stringify(config, null, 2)}\n`);
  } catch (cause) {
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
  const boards = entries.filter((name) => name.startsWith('events.out.tfevents.')).map((name) => join(path, name));
  for (const file of [...Object.values(own), ...boards]) await rm(file, { recursive: true, force: true });
}
