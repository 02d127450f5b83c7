import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config/config-error.ts';

/**
 * The value in a JSON file.
 *
 * @throws ConfigError naming the path, where it cannot be read or is no JSON
 */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'ENOENT' ? 'there is no such file' : `cannot be read (${cause.code})`;
    throw new ConfigError(`${path}: ${problem}`);
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${path}: not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
