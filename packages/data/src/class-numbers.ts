import { ManifestError, type ManifestPlace } from './data-error.ts';
import type { Manifest, VideoEntry } from './manifest.ts';
import type { ManifestRow } from './manifest-row.ts';
import { nearestName } from './nearest-name.ts';

/** Videos with class numbers, and what the classes are called. */
export interface LabeledVideos {
  /** Each with `label`, or with `labels` where the list gives several classes to a video. */
  readonly entries: readonly VideoEntry[];
  /** The name of each class number; the number itself where the list has no names. */
  readonly classes: readonly string[];
}

/** More classes than any list has: a larger number is a mistake. */
export const MAX_CLASSES = 1_000_000;

/** Sorts by code units: the same order everywhere. */
export const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Gives every video its class numbers. Without `classes`, names are numbered in the order of their code units, so every
 * list of the same names agrees, and numbers stand for themselves.
 *
 * @param file what messages call the list
 * @param classes the known classes, such as those of the training list
 * @throws ManifestError with the line: a name that is no class (naming the nearest), a number that is none, or names and
 * numbers mixed
 */
export function numberClasses(
  rows: readonly ManifestRow[],
  file: string,
  classes: readonly string[] = classesOf(rows, file),
): LabeledVideos {
  const numbers = new Map(classes.map((name, number) => [name, number]));
  const numberOf = (label: string | number, place: ManifestPlace): number => {
    const known = numbers.get(String(label));
    if (known !== undefined) return known;
    if (typeof label === 'number') {
      if (label < classes.length) return label;
      throw new ManifestError(file, place, `there is no class ${label}: ${classes.length} classes have numbers from 0`);
    }
    throw new ManifestError(file, place, `${JSON.stringify(label)} is no class: ${hint(label, classes)}`);
  };
  const isMultiLabel = rows.some(({ labels }) => labels !== undefined && labels.length !== 1);
  const entries = rows.map(({ place, labels, ...said }): VideoEntry => {
    if (labels === undefined) return said;
    const found = labels.map((label) => numberOf(label, place));
    return isMultiLabel ? { ...said, labels: [...new Set(found)] } : { ...said, label: found[0] ?? 0 };
  });
  return { entries, classes };
}

/**
 * The videos of a list that may say nothing of classes.
 *
 * @throws ManifestError as `numberClasses` does
 */
export function classesIfAny(rows: readonly ManifestRow[], file: string): Manifest {
  if (rows.some(({ labels }) => labels !== undefined)) return numberClasses(rows, file);
  return { entries: rows.map(({ place: _place, labels: _labels, ...said }) => said) };
}

function classesOf(rows: readonly ManifestRow[], file: string): readonly string[] {
  const all = rows.flatMap(({ labels = [], place }) => labels.map((label) => ({ label, place })));
  const names = all.filter(({ label }) => typeof label === 'string');
  const numbers = all.filter(({ label }) => typeof label === 'number');
  if (names.length > 0 && numbers.length > 0) {
    const [rare] = names.length < numbers.length ? names : numbers;
    throw new ManifestError(
      file,
      rare?.place,
      `the label ${JSON.stringify(rare?.label)} is a ${typeof rare?.label === 'string' ? 'name' : 'number'}, others are ` +
        `not (${names.length} names, ${numbers.length} numbers): use one kind, or give the classes`,
    );
  }
  if (names.length > 0) return [...new Set(names.map(({ label }) => String(label)))].sort(byCodeUnits);
  const largest = numbers.reduce((most, one) => (Number(one.label) > Number(most.label) ? one : most), {
    label: -1,
    place: undefined,
  } as (typeof all)[number]);
  const count = Number(largest.label) + 1;
  if (count > MAX_CLASSES) {
    throw new ManifestError(
      file,
      largest.place,
      `the class number ${largest.label} is too large: at most ${MAX_CLASSES - 1}`,
    );
  }
  return numberedClasses(count);
}

/** Names of classes that have none. */
export function numberedClasses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, number) => String(number));
}

function hint(label: string, classes: readonly string[]): string {
  const nearest = nearestName(label, classes);
  if (nearest !== undefined) return `did you mean ${JSON.stringify(nearest)}?`;
  const shown = classes.slice(0, 5).join(', ');
  return `there are ${classes.length}: ${shown}${classes.length > 5 ? ', ...' : ''}`;
}
