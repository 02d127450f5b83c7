import { ManifestError, type ManifestPlace } from './data-error.ts';
import { nearestName } from './nearest-name.ts';

/** One object of a list, as it was written. */
export interface ManifestRecord {
  readonly place: ManifestPlace;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a list says of one video. */
export interface ManifestRow {
  readonly place: ManifestPlace;
  readonly path: string;
  /** Class numbers or names; undefined where nothing is said of classes. */
  readonly labels?: readonly (string | number)[];
  readonly captions?: readonly string[];
  readonly question?: string;
  readonly answers?: readonly string[];
}

/** What the fields of a list are called, the first that is there counting. */
export const FIELD_NAMES = {
  path: ['path', 'video', 'image', 'file_name'],
  label: ['label', 'labels', 'class'],
  caption: ['caption', 'captions', 'text'],
  question: ['question'],
  answer: ['answer', 'answers'],
} as const;

/** What a list can say of a video. */
export type ManifestField = keyof typeof FIELD_NAMES;

/** How objects are read. */
export interface RowOptions {
  /** What messages call the list. */
  readonly file: string;
  /** What every object must say. */
  readonly needed: readonly ManifestField[];
  /** Where a path leads: the name of its field decides what it is relative to. */
  readonly locate: (path: string, field: string) => string;
}

/**
 * Understands one object: `path`, `video`, `image` or `file_name`; `label`, `labels` or `class`; `caption`, `captions` or
 * `text`; `question`; `answer` or `answers`. Other fields do not count. A list of paths is several videos of which all
 * the rest is said. Without a question, a whole number for an answer is the place of the right one of several captions,
 * from 0.
 *
 * @throws ManifestError naming place and field
 */
export function rowsOfRecord(
  { place, fields }: ManifestRecord,
  { file, needed, locate }: RowOptions,
): readonly ManifestRow[] {
  const fail = (problem: string) => new ManifestError(file, place, problem);
  const find = (field: ManifestField) => {
    const name = FIELD_NAMES[field].find(
      (one) => isSaid(fields[one]) || (one === 'labels' && Array.isArray(fields[one])),
    );
    return name === undefined ? undefined : { name, value: fields[name] };
  };
  const textsOf = (field: ManifestField): readonly string[] | undefined => {
    const found = find(field);
    return found && listOf(found.value).map((value) => checkText(value, found.name, fail));
  };
  const path = find('path');
  if (path === undefined) throw fail(missing('path', fields));
  for (const field of needed) if (find(field) === undefined) throw fail(missing(field, fields));
  const paths = listOf(path.value).map((value) => locate(checkText(value, path.name, fail), path.name));
  const labels = labelsIn(fields, fail);
  const captions = textsOf('caption');
  const [question] = textsOf('question') ?? [];
  const choices = question === undefined && captions && captions.length > 1 ? captions : undefined;
  const answers = answersIn(find('answer'), choices, fail);
  return paths.map((one) => ({
    place,
    path: one,
    ...(labels && { labels }),
    ...(captions && { captions }),
    ...(question !== undefined && { question }),
    ...(answers && { answers }),
  }));
}

/** What to say of an object without a field: what it may be called, and what it has that looks like it. */
export function missing(field: ManifestField, fields: Readonly<Record<string, unknown>> = {}): string {
  const names: readonly string[] = FIELD_NAMES[field];
  const quoted = names.map((name) => `"${name}"`);
  const called = quoted.length === 1 ? quoted.join() : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
  for (const written of Object.keys(fields)) {
    const nearest = names.includes(written) ? undefined : nearestName(written, names);
    if (nearest !== undefined)
      return `there is no ${field} (${called}): is ${shown(written)} meant to be "${nearest}"?`;
  }
  return `there is no ${field} (${called})`;
}

/** A value for a message. */
export function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

type Fail = (problem: string) => ManifestError;

function labelsIn(fields: ManifestRecord['fields'], fail: Fail): ManifestRow['labels'] {
  const { label, labels } = fields;
  const single = label ?? fields['class'] ?? undefined;
  if (labels !== undefined && labels !== null) {
    if (label === undefined && Array.isArray(labels)) return labels.map((one: unknown) => checkLabel(one, fail));
    throw fail(`"labels" must be a list in place of "label", got ${shown(labels)}`);
  }
  return single === undefined ? undefined : [checkLabel(single, fail)];
}

function checkLabel(value: unknown, fail: Fail): string | number {
  if (typeof value === 'string' && value !== '') return value;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number;
  throw fail(`a label must be a name or a whole number from 0, got ${shown(value)}`);
}

function answersIn(
  found: { readonly name: string; readonly value: unknown } | undefined,
  choices: readonly string[] | undefined,
  fail: Fail,
): readonly string[] | undefined {
  if (found === undefined) return undefined;
  const { name, value } = found;
  if (choices !== undefined && isNumber(value)) {
    const choice = choices[Number(value)];
    if (choice !== undefined) return [choice];
    throw fail(`"${name}" must be the place of one of the ${choices.length} captions, from 0, got ${shown(value)}`);
  }
  return listOf(value).map((one) => (isNumber(one) ? String(one) : checkText(one, name, fail)));
}

/** Nothing, an empty list and an empty text say nothing. */
const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function checkText(value: unknown, name: string, fail: Fail): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw fail(`"${name}" must be a text, got ${shown(value)}`);
}
