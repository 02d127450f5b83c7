import { numberClasses, type LabeledVideos } from './class-numbers.ts';
import { parseCsv } from './csv.ts';
import { ManifestError } from './data-error.ts';
import { labelOf, linesOf, recordsOfText } from './manifest-records.ts';
import { rowsOfRecord, shown, type ManifestRecord, type ManifestRow } from './manifest-row.ts';
import { joinPath, locate } from './manifest.ts';

/** How a list of labelled videos is read. */
export interface LabeledListOptions {
  /**
   * Between path and label, for lists that are not JSON. Default a comma where the first line has one, else a space. With a
   * space the last one of a line counts, so paths may contain it; with commas, what contains one is quoted.
   */
  readonly separator?: ' ' | ',';
  /** Folder or address put in front of relative paths. Default none; for `file_name`, where the list is. */
  readonly prefix?: string;
  /** What messages call the list, and where it is. Default `list`. */
  readonly file?: string;
  /** The classes by number, such as those of the training list. Default those of this list. */
  readonly classes?: readonly string[];
}

/**
 * Reads labelled videos from JSON (an array or lines of objects such as `{"path": ..., "label": ...}`), CSV (`path,label`,
 * quoted where needed; with a header the columns are found by their names), or the reference's lists (`path label`). Labels
 * are class numbers or names, one kind in a list; `"labels": [...]`, or further columns of CSV without a header, give a
 * video several classes. What else a list says of a video is kept: see `parseManifest`.
 *
 * @throws ManifestError with line or row, see {@link numberClasses}
 */
export function parseLabeledList(text: string, options: LabeledListOptions = {}): LabeledVideos {
  const { prefix, file = 'list', separator, classes } = options;
  const body = text.replace(/^\uFEFF/, '');
  const records = recordsOfText(body, file, separator);
  if (records !== undefined) return labeledVideosOf(records, options);
  const rows = plainRows(body, file, separator);
  if (rows.length === 0) throw new ManifestError(file, undefined, 'the list names no video');
  return numberClasses(
    rows.map((one) => ({ ...one, path: joinPath(prefix ?? '', one.path) })),
    file,
    classes,
  );
}

/**
 * The labelled videos of objects that were read, from a text or from Parquet.
 *
 * @throws ManifestError as `parseLabeledList` does
 */
export function labeledVideosOf(
  records: readonly ManifestRecord[],
  { prefix, file = 'list', classes }: LabeledListOptions,
): LabeledVideos {
  const rows = records.flatMap((record) =>
    rowsOfRecord(record, { file, needed: ['label'], locate: (path, field) => locate(path, field, file, prefix) }),
  );
  if (rows.length === 0) throw new ManifestError(file, undefined, 'the list names no video');
  return numberClasses(rows, file, classes);
}

/** Of a list without names for its columns: CSV, quoted where needed, or lines of a path, spaces and a label. */
function plainRows(text: string, file: string, separator: ' ' | ',' | undefined): readonly ManifestRow[] {
  const first = text.trimStart().split(/[\r\n]/, 1)[0] ?? '';
  return (separator ?? (first.includes(',') ? ',' : ' ')) === ',' ? csvRows(text, file) : spacedRows(text, file);
}

function csvRows(text: string, file: string): readonly ManifestRow[] {
  return parseCsv(text, file).map(({ line, fields: [path = '', ...labels] }) =>
    row(path, labels.filter((label) => label !== '').map(labelOf), line, file, 'path,label'),
  );
}

function spacedRows(text: string, file: string): readonly ManifestRow[] {
  return linesOf(text).map(({ line, content }) => {
    const at = content.search(/\s\S*$/);
    const path = at < 0 ? content : content.slice(0, at).trim();
    return row(path, at < 0 ? [] : [labelOf(content.slice(at).trim())], line, file, 'path label');
  });
}

function row(
  path: string,
  labels: readonly (string | number)[],
  line: number,
  file: string,
  wanted: string,
): ManifestRow {
  if (path !== '' && labels.length > 0) return { path, labels, place: line };
  throw new ManifestError(
    file,
    line,
    `expected ${wanted}, got ${shown(path)} without a ${path === '' ? 'path' : 'label'}`,
  );
}
