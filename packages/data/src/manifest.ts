import { classesIfAny, MAX_CLASSES, numberedClasses } from './class-numbers.ts';
import { ManifestError } from './data-error.ts';
import { linesOf, recordsOfText } from './manifest-records.ts';
import { rowsOfRecord, type ManifestField, type ManifestRecord } from './manifest-row.ts';

/** One video of a data set. */
export interface VideoEntry {
  /** Path in Node, address in browsers; for a `source`, what messages call it. */
  readonly path: string;
  /** The video's bytes, where they lie at no path: a file that the user picked. */
  readonly source?: Blob;
  /** Where its frames lie, if they were packed: the place of the shard set, and the number in it. */
  readonly shard?: { readonly set: string; readonly sample: number };
  /** Class number. Pre-training does not use it. */
  readonly label?: number;
  /** Class numbers, in place of `label`, where a list gives a video any number of them. */
  readonly labels?: readonly number[];
  /** What is said of the video, where a list has it: one text or several; the choices of a multiple-choice question. */
  readonly captions?: readonly string[];
  /** What is asked about the video. */
  readonly question?: string;
  /** What people answered, duplicates included: the first is the answer. Of a multiple-choice question, the right choice. */
  readonly answers?: readonly string[];
}

/** A video and what is said of it: at least one text. */
export type CaptionEntry = VideoEntry & Required<Pick<VideoEntry, 'captions'>>;

/** A video, a question about it, and at least one answer. */
export type QuestionEntry = VideoEntry & Required<Pick<VideoEntry, 'question' | 'answers'>>;

/** A video and texts to choose from: the first of `answers` is the right one of `captions`. */
export type ChoiceEntry = VideoEntry & Required<Pick<VideoEntry, 'captions' | 'answers'>>;

/** What each entry of a manifest is sure to have, by what is asked for. */
export interface ManifestKinds {
  readonly videos: VideoEntry;
  readonly captions: CaptionEntry;
  readonly questions: QuestionEntry;
  readonly choices: ChoiceEntry;
}

/** The videos that a list names, and what it says of them. */
export interface Manifest<Kind extends keyof ManifestKinds = 'videos'> {
  readonly entries: readonly ManifestKinds[Kind][];
  /** What the class numbers are called, the numbers themselves where the list has no names; absent without labels. */
  readonly classes?: readonly string[];
}

/** All class numbers of a video. */
export function labelsOf({ label, labels }: VideoEntry): readonly number[] {
  return labels ?? (label === undefined ? [] : [label]);
}

/** How a list of videos is written. */
export interface ManifestOptions<Kind extends keyof ManifestKinds = keyof ManifestKinds> {
  /**
   * Between path and label of a plain list. The last one of a line counts, so paths may contain it. Default a comma where
   * the first line has one, else a space; the UMT recipes use a comma.
   */
  readonly separator?: ' ' | ',';
  /** Folder or address put in front of relative paths. Default none; for `file_name`, where the list is. */
  readonly prefix?: string;
  /** What messages call the list, and where it is. Default `manifest`. */
  readonly file?: string;
  /** What every entry must have: `captions`, `questions` (with answers) or `choices`. Default `videos`: a path. */
  readonly kind?: Kind;
}

/**
 * Reads a list of videos: a JSON array or lines of objects, CSV with a header, or the reference's pre-training list, a line
 * `path<separator>label` for each video, with `.mp4` appended where a path's last component has no dot. Objects have the
 * fields of `rowsOfRecord`, of which the README has a table. Names of classes are numbered in the order of their code units.
 *
 * @throws ManifestError with line or row, where a field is missing or has no value of its kind, or names and numbers of
 * classes are mixed; and when there is no video at all
 */
export function parseManifest<Kind extends keyof ManifestKinds = 'videos'>(
  text: string,
  options: ManifestOptions<Kind> = {},
): Manifest<Kind> {
  const { separator, prefix = '', file = 'manifest', kind = 'videos' } = options;
  const body = text.replace(/^\uFEFF/, '');
  const records = recordsOfText(body, file, separator);
  if (records !== undefined) return manifestOf(records, options);
  const [first, ...rest] = linesOf(body);
  if (first === undefined) throw new ManifestError(file, undefined, 'the list names no video');
  if (kind !== 'videos') {
    throw new ManifestError(
      file,
      first.line,
      `a plain list has no ${kind}: name its columns in a header, as path,caption`,
    );
  }
  const between = separator ?? (first.content.includes(',') ? ',' : ' ');
  const entries = [first, ...rest].map(({ line, content }) => parseLine(content, line, between, prefix, file));
  const most = entries.reduce((largest, { label = 0 }) => Math.max(largest, label), 0);
  const areClasses = most < MAX_CLASSES && entries.every(({ label = 0 }) => label >= 0);
  const classes = areClasses ? { classes: numberedClasses(most + 1) } : {};
  return { entries, ...classes } as Manifest<Kind>; // entries of kind `videos`
}

const NEEDED: Readonly<Record<keyof ManifestKinds, readonly ManifestField[]>> = {
  videos: [],
  captions: ['caption'],
  questions: ['question', 'answer'],
  choices: ['caption', 'answer'],
};

/**
 * The manifest of objects that were read, from a text or from Parquet.
 *
 * @throws ManifestError as `parseManifest` does
 */
export function manifestOf<Kind extends keyof ManifestKinds = 'videos'>(
  records: readonly ManifestRecord[],
  { prefix, file = 'manifest', kind }: ManifestOptions<Kind>,
): Manifest<Kind> {
  const needed = NEEDED[kind ?? 'videos'];
  const rows = records.flatMap((record) =>
    rowsOfRecord(record, { file, needed, locate: (path, field) => locate(path, field, file, prefix) }),
  );
  if (rows.length === 0) throw new ManifestError(file, undefined, 'the list names no video');
  if (kind === 'choices') {
    const odd = rows.find(({ captions = [], answers: [right = ''] = [] }) => !captions.includes(right));
    if (odd) throw new ManifestError(file, odd.place, `the answer ${JSON.stringify(odd.answers?.[0])} is no caption`);
  }
  // What each kind has was checked for every row.
  return classesIfAny(rows, file) as Manifest<Kind>;
}

/** Where a path of a list leads: `file_name` is relative to the list (Hugging Face), others to the working folder. */
export function locate(path: string, field: string, file: string, prefix: string | undefined): string {
  const folder = field === 'file_name' ? file.replace(/[?#].*$/, '').replace(/[^/\\]*$/, '') : '';
  return joinPath(prefix ?? folder, path);
}

function parseLine(line: string, number: number, separator: string, prefix: string, file: string): VideoEntry {
  const at = line.lastIndexOf(separator);
  const shown = JSON.stringify(line.length > 120 ? `${line.slice(0, 120)}…` : line);
  const wanted = `path${separator}label`;
  if (at < 0) {
    const other = separator === ',' ? ' ' : ',';
    const hint = line.includes(other) ? ` (is the separator ${JSON.stringify(other)}?)` : '';
    throw new ManifestError(file, number, `expected ${wanted}, got ${shown}${hint}`);
  }
  const path = line.slice(0, at).trim();
  const label = line.slice(at + 1).trim();
  if (path === '') throw new ManifestError(file, number, `expected ${wanted}, got ${shown}: the path is empty`);
  if (!/^[+-]?\d{1,15}$/.test(label)) {
    const problem = `the label ${JSON.stringify(label)} in ${shown} is not a whole number`;
    throw new ManifestError(file, number, `${problem}: names of classes need a header, path,label`);
  }
  return { path: joinPath(prefix, withExtension(path)), label: Number(label) };
}

function withExtension(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return name.includes('.') ? path : `${path}.mp4`;
}

/** A path below a folder or an address; absolute paths and addresses stay. */
export function joinPath(prefix: string, path: string): string {
  if (prefix === '' || /^([/\\]|[a-z]:[/\\]|[a-z][a-z0-9+.-]*:\/\/)/i.test(path)) return path;
  return /[/\\]$/.test(prefix) ? prefix + path : `${prefix}/${path}`;
}
