import { ManifestError } from './data-error.ts';

/** One video of a data set. */
export interface VideoEntry {
  /** Path in Node, address in browsers; for a `source`, what messages call it. */
  readonly path: string;
  /** The video's bytes, where they lie at no path: a file that the user picked. */
  readonly source?: Blob;
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

/** All class numbers of a video. */
export function labelsOf({ label, labels }: VideoEntry): readonly number[] {
  return labels ?? (label === undefined ? [] : [label]);
}

/** How a list of videos is written. */
export interface ManifestOptions {
  /** Between path and label. The last one of a line counts, so paths may contain it. Default a space; the UMT recipes use a comma. */
  readonly separator?: ' ' | ',';
  /** Folder or address put in front of relative paths. Default none. */
  readonly prefix?: string;
  /** What messages call the list. Default `manifest`. */
  readonly file?: string;
}

/**
 * Reads a pre-training list in the reference's format: a line `path<separator>label` for each video. `.mp4` is appended
 * where a path's last component has no dot. Empty lines are passed over.
 *
 * @throws ManifestError with the line number, when a line has no separator or its label is no whole number, or when there
 * is no video at all
 */
export function parseManifest(text: string, options: ManifestOptions = {}): readonly VideoEntry[] {
  const { separator = ' ', prefix = '', file = 'manifest' } = options;
  const entries: VideoEntry[] = [];
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = raw.trim();
    if (line === '') continue;
    entries.push(parseLine(line, i + 1, separator, prefix, file));
  }
  if (entries.length === 0) throw new ManifestError(file, undefined, 'the list names no video');
  return entries;
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
    throw new ManifestError(file, number, `the label ${JSON.stringify(label)} in ${shown} is not a whole number`);
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
