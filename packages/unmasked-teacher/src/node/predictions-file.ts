import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, createReadStream, openSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { labelsOf, type ShardSet, type VideoEntry } from '@umt/data';
import { PredictionsFileError } from '../evaluation/predictions-file-error.ts';
import { makeFolder } from './make-folder.ts';

/** What predictions depend on: those of other settings cannot stand in the same file. */
export interface PredictionSettings {
  readonly weights: string;
  readonly list: string;
  readonly clips: number;
  readonly crops: number;
  readonly classes: readonly string[];
}

/** A line of the file: what is said of a video, or that it could not be read. */
export type PredictionLine =
  | {
      /** The video's number in the list. */
      readonly index: number;
      readonly path: string;
      /** Names of its classes. */
      readonly labels: readonly string[];
      /** Name of the likeliest class. */
      readonly prediction: string;
      /** Of every class, by number. */
      readonly probabilities: readonly number[];
    }
  | { readonly index: number; readonly path: string; readonly error: string };

/**
 * JSON lines, the first with the settings, then one for each video in the order of the list. A file of the same settings is
 * gone on with; a last line that a kill cut off is dropped.
 */
export class PredictionsFile {
  /** The lines that were there. */
  readonly earlier: readonly PredictionLine[];
  readonly #file: number;
  readonly #waiting = new Map<number, PredictionLine>();
  #next: number;

  private constructor(file: number, earlier: readonly PredictionLine[]) {
    this.#file = file;
    this.earlier = earlier;
    this.#next = earlier.length;
  }

  /**
   * Opens or begins a file.
   *
   * @throws PredictionsFileError when it holds something else, or predictions of other settings, saying which
   */
  static async open(path: string, settings: PredictionSettings): Promise<PredictionsFile> {
    await makeFolder(dirname(path));
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [head, ...lines] = whole.split('\n').slice(0, -1);
    if (head !== undefined) checkSettings(path, head, settings);
    else if (text !== '') throw notPredictions(path);
    const earlier = lines.map((line, index) => parseLine(path, line, index));
    if (text.length > whole.length) await truncate(path, Buffer.byteLength(whole));
    const file = openSync(path, 'a');
    if (head === undefined) appendFileSync(file, `${JSON.stringify({ settings })}\n`);
    return new PredictionsFile(file, earlier);
  }

  /** Adds a line. Lines of later videos wait for those before them. */
  add(line: PredictionLine): void {
    this.#waiting.set(line.index, line);
    for (let next = this.#waiting.get(this.#next); next; next = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next);
      this.#next++;
      appendFileSync(this.#file, `${JSON.stringify(next)}\n`);
    }
  }

  /** Closes the file; lines that still wait are not in it. */
  close(): void {
    closeSync(this.#file);
  }
}

/** SHA-256 of a file's bytes, in hexadecimal. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** SHA-256 of a list of videos and their labels, or of a shard set's index, in hexadecimal. */
export function listHash(entries: readonly VideoEntry[] | ShardSet): string {
  const hash = createHash('sha256');
  if ('index' in entries) return hash.update(JSON.stringify(entries.index)).digest('hex');
  for (const entry of entries) hash.update(`${JSON.stringify([entry.path, labelsOf(entry)])}\n`);
  return hash.digest('hex');
}

function checkSettings(path: string, line: string, settings: PredictionSettings): void {
  const head = parseObject(line);
  const found = head?.['settings'];
  if (typeof found !== 'object' || found === null) throw notPredictions(path);
  const before = new Map(Object.entries(found));
  for (const [name, value] of Object.entries(settings)) {
    if (JSON.stringify(before.get(name)) === JSON.stringify(value)) continue;
    throw new PredictionsFileError(
      `${path}: its predictions are of other ${WORDS[name] ?? name}; name another file with --predictions, or delete this one`,
    );
  }
}

const WORDS: Readonly<Record<string, string>> = {
  weights: 'weights',
  list: 'videos or labels',
  clips: 'clips',
  crops: 'crops',
  classes: 'classes',
};

function parseLine(path: string, line: string, index: number): PredictionLine {
  const value = parseObject(line);
  const { path: video, error, labels, prediction, probabilities } = value ?? {};
  if (value?.['index'] === index && typeof video === 'string') {
    if (typeof error === 'string') return { index, path: video, error };
    if (isList(labels, 'string') && isList(probabilities, 'number') && typeof prediction === 'string') {
      return { index, path: video, labels, prediction, probabilities };
    }
  }
  throw new PredictionsFileError(
    `${path}: line ${index + 2} is no prediction of video ${index}; delete the file to begin anew`,
  );
}

function isList(value: unknown, kind: 'string'): value is readonly string[];
function isList(value: unknown, kind: 'number'): value is readonly number[];
function isList(value: unknown, kind: 'string' | 'number'): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === kind);
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function notPredictions(path: string): PredictionsFileError {
  return new PredictionsFileError(`${path}: it is no file of predictions; name another with --predictions`);
}
