import { parseCsv } from './csv.ts';
import { ManifestError } from './data-error.ts';
import { FIELD_NAMES, shown, type ManifestRecord } from './manifest-row.ts';

/**
 * The objects of a text whose fields have names: a JSON array of objects, JSON lines, or CSV with a header that names a
 * path. Undefined where it is none of these: a plain list.
 *
 * @param file what messages call the text; JSON by its extension must be JSON
 * @param separator a list separated by spaces has no header
 * @throws ManifestError with line or row
 */
export function recordsOfText(
  text: string,
  file: string,
  separator: ' ' | ',' | undefined,
): readonly ManifestRecord[] | undefined {
  const body = text.trimStart();
  if (/^\[\s*[[{\]]/.test(body)) return jsonRecords(text, file);
  if (body.startsWith('{')) return jsonLineRecords(text, file);
  if (/\.(json|jsonl|ndjson)$/i.test(file)) {
    const problem = body === '' ? 'the list names no video' : `expected JSON objects, got ${shown(lineOf(body))}`;
    throw new ManifestError(file, undefined, problem);
  }
  return separator === ' ' || !isHeader(lineOf(body)) ? undefined : csvRecords(text, file);
}

/** A label as a list without types has it: whole numbers are class numbers. */
export const labelOf = (text: string): string | number => (/^\d{1,15}$/.test(text) ? Number(text) : text);

/** The lines of a text that are not empty, without spaces around, numbered from 1. */
export function linesOf(text: string): readonly { readonly line: number; readonly content: string }[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((content, i) => ({ line: i + 1, content: content.trim() }))
    .filter(({ content }) => content !== '');
}

const lineOf = (text: string): string => text.split(/[\r\n]/, 1)[0] ?? '';

function jsonRecords(text: string, file: string): readonly ManifestRecord[] {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (cause) {
    throw new ManifestError(file, undefined, `not JSON: ${reasonOf(cause)}`, { cause });
  }
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  return list.map((value, i) => ({ place: { row: i + 1 }, fields: checkObject(value, file, { row: i + 1 }) }));
}

function jsonLineRecords(text: string, file: string): readonly ManifestRecord[] {
  return linesOf(text).map(({ line, content }) => {
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch (cause) {
      const hint = line === 1 && isJson(text) ? ' (an object over several lines: put it into an array)' : '';
      throw new ManifestError(file, line, `not JSON: ${reasonOf(cause)}${hint}`, { cause });
    }
    return { place: line, fields: checkObject(value, file, line) };
  });
}

/** Cells past the header belong to its last column where that is a plural. */
function csvRecords(text: string, file: string): readonly ManifestRecord[] {
  const [header, ...rows] = parseCsv(text, file);
  const names = header?.fields.map((name) => name.toLowerCase()) ?? [];
  const last = names.at(-1) ?? '';
  const isOpen = PLURALS.includes(last);
  return rows.map(({ line, fields: cells }) => {
    if (cells.length > names.length && !isOpen && cells.slice(names.length).some((cell) => cell !== '')) {
      throw new ManifestError(file, line, `${cells.length} fields, but the header names ${names.length}`);
    }
    const entries = names.map((name, column): readonly [string, unknown] => {
      if (isOpen && column === names.length - 1) return [name, valuesOf(name, cells.slice(column))];
      const value = valueOf(name, cells[column] ?? '');
      return [name, PLURALS.includes(name) ? listOf(value) : value];
    });
    return { place: line, fields: Object.fromEntries(entries) };
  });
}

const PLURALS: readonly string[] = ['labels', 'captions', 'answers'];
const PATHS: readonly string[] = FIELD_NAMES.path;

/** A header names a path and holds no number. */
function isHeader(line: string): boolean {
  const cells = line.split(',').map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase(),
  );
  return cells.some((cell) => PATHS.includes(cell)) && !cells.some((cell) => /^[+-]?\d/.test(cell));
}

/** An empty cell says nothing. */
function valueOf(name: string, cell: string): string | number | undefined {
  if (cell === '') return undefined;
  const isPlainNumber = String(Number(cell)) === cell;
  if (/^(labels?|class)$/.test(name) || (/^answers?$/.test(name) && isPlainNumber)) return labelOf(cell);
  return cell;
}

const listOf = <T>(value: T | undefined): readonly T[] | undefined => (value === undefined ? undefined : [value]);

function valuesOf(name: string, cells: readonly string[]): readonly (string | number)[] | undefined {
  const values = cells.flatMap((cell) => valueOf(name, cell) ?? []);
  return values.length === 0 ? undefined : values;
}

function checkObject(value: unknown, file: string, place: ManifestRecord['place']): ManifestRecord['fields'] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new ManifestError(file, place, `expected an object with a path, got ${shown(value)}`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** In one line: what a parser says may quote lines of the text. */
const reasonOf = (cause: unknown): string =>
  String(cause instanceof Error ? cause.message : cause).replace(/\s+/g, ' ');
