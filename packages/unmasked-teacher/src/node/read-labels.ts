import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config/config-error.ts';
import { parseLabels } from '../inference/labels.ts';

/**
 * Names of classes from a file, see `parseLabels`.
 *
 * @throws ConfigError naming the file, where it cannot be read or understood
 */
export async function readLabels(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'ENOENT' ? 'there is no such file' : `cannot be read (${cause.code})`;
    throw new ConfigError(`${path}: ${problem}`);
  });
  return parseLabels(text, path);
}
