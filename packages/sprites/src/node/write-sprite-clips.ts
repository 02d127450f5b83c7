import { mkdir, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { clipSet, listClips, type ClipSet, type ListedClip } from '../clip-set.ts';
import { planClip } from '../plan-clip.ts';
import type { WriteSpriteClipsOptions, WrittenSpriteClips } from '../write-sprite-clips.ts';
import { NEXT, STOP, workThrough, type ClipWork } from './clip-work.ts';
import { openEncoder } from './encoder.ts';
import { readGroundPictures } from './ground-pictures.ts';
import { claimFolder } from './set-file.ts';
import { startClipWorker } from './start-clip-worker.ts';
import { writeLists } from './write-lists.ts';

/** Folder for files that are being written; a name with a dot is no class. */
const UNFINISHED = '.unfinished';

/** Writes generated clips as mp4 files. See the browser-safe declaration for the contract. */
export async function writeSpriteClips(folder: string, options: WriteSpriteClipsOptions): Promise<WrittenSpriteClips> {
  const { workers = availableParallelism(), signal, onProgress, encoder, backgrounds } = options;
  const set = clipSet(options);
  const { split, seed, kinds, size, frames } = set;
  for (const spriteClass of set.classes) planClip({ spriteClass, split, seed, index: 0, kinds, size, frames });
  await openEncoder(encoder);
  const pictures = backgrounds === undefined ? [] : await readGroundPictures(backgrounds);
  for (const name of [UNFINISHED, ...set.classes]) await mkdir(join(folder, name), { recursive: true });
  await claimFolder(folder, set, pictures);

  const listed = listClips(set);
  const missing = await missingFrom(folder, set, listed);
  let done = set.clips - missing.length;
  onProgress?.({ done, clips: set.clips });
  const work: ClipWork = {
    ...{ folder, unfinished: UNFINISHED, set, pictures, encoder: encoder ?? null },
    numbers: shared(missing),
    control: shared([0, 0]),
  };
  const onWritten = () => onProgress?.({ done: ++done, clips: set.clips });
  const stop = () => void Atomics.store(work.control, STOP, 1);
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop);
  try {
    await workInThreads(work, Math.min(workers, missing.length), onWritten);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  const written = Math.min(missing.length, Atomics.load(work.control, NEXT));
  const remaining = missing.length - written;
  if (remaining === 0) await writeLists(folder, set, listed, pictures);
  await rm(join(folder, UNFINISHED), { recursive: true, force: true });
  return { clips: listed.map(({ file, label }) => ({ path: join(folder, file), label })), written, remaining };
}

/** Rejects with the first failure, once every thread has ended. */
async function workInThreads(work: ClipWork, threads: number, onWritten: () => void): Promise<void> {
  if (threads === 0) return workThrough(work, 0, onWritten);
  const outcomes = await Promise.allSettled(
    Array.from({ length: threads }, (_, thread) => startClipWorker({ work, thread }, onWritten)),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Numbers of the clips that are not there. */
async function missingFrom(folder: string, { classes }: ClipSet, listed: readonly ListedClip[]) {
  const there = new Set<string>();
  for (const name of new Set(classes))
    for (const file of await readdir(join(folder, name))) there.add(`${name}/${file}`);
  return listed.flatMap(({ file }, number) => (there.has(file) ? [] : [number]));
}

/** The same numbers in memory that threads share. */
function shared(numbers: readonly number[]): Int32Array {
  const array = new Int32Array(new SharedArrayBuffer(4 * numbers.length));
  array.set(numbers);
  return array;
}
