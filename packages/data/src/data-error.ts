import { VideoError, type VideoErrorKind } from '@umt/video';

/** Something about the data that ends the run: wrong options, a bad list, samples that cannot be read. One line each. */
export class DataError extends Error {
  override readonly name: string = 'DataError';
}

/** Where in a list something is wrong: its line where it has lines (a plain number), else its row, both from 1. */
export type ManifestPlace = number | { readonly row: number } | undefined;

/** A list of videos that cannot be used. */
export class ManifestError extends DataError {
  override readonly name = 'ManifestError';
  /** The list, as the caller named it. */
  readonly file: string;
  /** Line at fault, from 1; undefined where the whole list is, or where it has no lines. */
  readonly line: number | undefined;
  /** Row at fault, from 1, of a list without lines: a JSON array, a Parquet file. */
  readonly row: number | undefined;

  constructor(file: string, place: ManifestPlace, problem: string, options?: { readonly cause?: unknown }) {
    const line = typeof place === 'number' ? place : undefined;
    const row = typeof place === 'object' ? place.row : undefined;
    super(
      `${file}${line === undefined ? '' : `:${line}`}${row === undefined ? '' : `: row ${row}`}: ${problem}`,
      options,
    );
    this.file = file;
    this.line = line;
    this.row = row;
  }
}

/** So many samples could not be read that this is no accident: a wrong prefix, an unmounted disk. */
export class UnreadableSamplesError extends DataError {
  override readonly name = 'UnreadableSamplesError';
}

/** A worker that decodes videos ended or failed. */
export class DataWorkerError extends DataError {
  override readonly name = 'DataWorkerError';
}

/** The kinds of VideoError that say that something is wrong with one video. */
export const UNREADABLE_KINDS: readonly VideoErrorKind[] = [
  'not-found',
  'not-video',
  'no-video-track',
  'unsupported-codec',
  'undecodable',
];

/** Whether an error says that something is wrong with one video, as opposed to the program or the machine. */
export function isUnreadable(error: unknown): error is VideoError {
  return error instanceof VideoError && UNREADABLE_KINDS.includes(error.kind);
}

/** Checks that an option is a whole number in a range. */
export function checkInteger(option: string, value: number, low: number, high = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `at least ${low}` : `from ${low} to ${high}`;
  throw new DataError(`${option} must be a whole number ${range}, got ${value}`);
}
