import { numberClasses, type LabeledRow, type LabeledVideos } from './class-numbers.ts';
import { parseCsv } from './csv.ts';
import { ManifestError } from './data-error.ts';
import { joinPath } from './manifest.ts';

/** How a list of labelled videos is read. */
export interface LabeledListOptions {
  /**
   * Between path and label, for lists that are not JSON. Default a comma where the first line has one, else a space. With a
   * space the last one of a line counts, so paths may contain it; with commas, what contains one is quoted.
   */
  readonly separator?: ' ' | ',';
  /** Folder or address put in front of relative paths. Default none. */
  readonly prefix?: string;
  /** What messages call the list. Default `list`. */
  readonly file?: string;
  /** The classes by number, such as those of the training list. Default those of this list. */
  readonly classes?: readonly string[];
}

/**
 * Reads labelled videos from JSON lines (`{"path": ..., "label": ...}`), CSV (`path,label`, quoted where needed, with or
 * without that header), or the reference's lists (`path label`). Labels are class numbers or names, one kind in a list;
 * further CSV columns, or `"labels": [...]`, give a video several classes.
 *
 * @throws ManifestError with the line, see {@link numberClasses}
 */
export function parseLabeledList(text: string, options: LabeledListOptions = {}): LabeledVideos {
  const { prefix = '', file = 'list', classes } = options;
  const body = text.replace(/^\uFEFF/, '');
  const rows = rowsOf(body, file, options.separator);
  if (rows.length === 0) throw new ManifestError(file, undefined, 'the list names no video');
  return numberClasses(
    rows.map((row) => ({ ...row, path: joinPath(prefix, row.path) })),
    file,
    classes,
  );
}

function rowsOf(text: string, file: string, separator: ' ' | ',' | undefined): readonly LabeledRow[] {
  const first = text.trimStart().split(/[\r\n]/, 1)[0] ?? '';
  if (first.startsWith('{')) return jsonRows(text, file);
  return (separator ?? (first.includes(',') ? ',' : ' ')) === ',' ? csvRows(text, file) : spacedRows(text, file);
}

function csvRows(text: string, file: string): readonly LabeledRow[] {
  const rows = parseCsv(text, file);
  const [first] = rows;
  const isHeader = first?.fields[0]?.toLowerCase() === 'path' && /^labels?$/i.test(first.fields[1] ?? '');
  return (isHeader ? rows.slice(1) : rows).map(({ line, fields: [path = '', ...labels] }) =>
    row(path, labels.filter((label) => label !== '').map(labelOf), line, file, 'path,label'),
  );
}

function spacedRows(text: string, file: string): readonly LabeledRow[] {
  return linesOf(text).map(({ line, content }) => {
    const at = content.search(/\s\S*$/);
    const path = at < 0 ? content : content.slice(0, at).trim();
    return row(path, at < 0 ? [] : [labelOf(content.slice(at).trim())], line, file, 'path label');
  });
}

function jsonRows(text: string, file: string): readonly LabeledRow[] {
  return linesOf(text).map(({ line, content }) => {
    const problem = (what: string) => new ManifestError(file, line, what);
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch (cause) {
      throw problem(`not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    const { path, label, labels } = (value ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof path !== 'string' || path === '') throw problem(`"path" must be a text, got ${shown(path)}`);
    if (labels !== undefined && (label !== undefined || !Array.isArray(labels))) {
      throw problem(`"labels" must be a list in place of "label", got ${shown(labels)}`);
    }
    const given: readonly unknown[] = labels === undefined ? [label] : (labels as readonly unknown[]);
    const checked = given.map((one) => {
      if (typeof one === 'string' && one !== '') return one;
      if (typeof one === 'number' && Number.isInteger(one) && one >= 0) return one;
      throw problem(`a label must be a name or a whole number from 0, got ${shown(one)}`);
    });
    return { path, labels: checked, line };
  });
}

function row(
  path: string,
  labels: readonly (string | number)[],
  line: number,
  file: string,
  wanted: string,
): LabeledRow {
  if (path !== '' && labels.length > 0) return { path, labels, line };
  throw new ManifestError(
    file,
    line,
    `expected ${wanted}, got ${shown(path)} without a ${path === '' ? 'path' : 'label'}`,
  );
}

/** A label as a list without types has it: whole numbers are class numbers. */
const labelOf = (text: string): string | number => (/^\d{1,15}$/.test(text) ? Number(text) : text);

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
};

function linesOf(text: string): readonly { readonly line: number; readonly content: string }[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((content, i) => ({ line: i + 1, content: content.trim() }))
    .filter(({ content }) => content !== '');
}
