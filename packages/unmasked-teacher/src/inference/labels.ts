import { ConfigError } from '../config/config-error.ts';

/**
 * Names of classes by number, from a file's text: a line for each, a JSON list, or a JSON object from number to name or
 * from name to number.
 *
 * @param source what messages call the file
 * @throws ConfigError where it is none of these, or leaves a number out
 */
export function parseLabels(text: string, source: string): readonly string[] {
  const problem = (what: string) => new ConfigError(`${source}: ${what}`);
  if (!/^\s*[[{]/.test(text)) return linesOf(text, problem);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw problem(`not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (Array.isArray(value)) {
    if (value.every((label) => typeof label === 'string')) return value;
    throw problem('a list of labels holds text alone');
  }
  return fromObject(Object.entries(value ?? {}), problem);
}

function linesOf(text: string, problem: (what: string) => ConfigError): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  const empty = lines.indexOf('');
  if (lines.length === 0) throw problem('it holds no labels');
  if (empty >= 0) throw problem(`line ${empty + 1} is empty: the label of class ${empty}`);
  return lines;
}

/** Numbers on one side of each entry, names on the other. */
function fromObject(
  entries: readonly (readonly [string, unknown])[],
  problem: (what: string) => ConfigError,
): readonly string[] {
  const labels: string[] = [];
  for (const [key, value] of entries) {
    const [number, label] = typeof value === 'number' ? [value, key] : [Number(key), value];
    if (typeof label !== 'string' || !Number.isInteger(number) || number < 0 || number >= entries.length) {
      throw problem(
        `labels are {"0": "name"} or {"name": 0}, numbered from 0, not ${JSON.stringify({ [key]: value })}`,
      );
    }
    if (labels[number] !== undefined) throw problem(`two labels have the number ${number}`);
    labels[number] = label;
  }
  if (labels.length === 0) throw problem('it holds no labels');
  return labels;
}
