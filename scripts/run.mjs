// @ts-check
import { spawn } from 'node:child_process';

/** A command that ended badly, with all it printed. */
export class CommandError extends Error {
  /**
   * @param {string} command
   * @param {string} why
   * @param {string} output
   */
  constructor(command, why, output) {
    super(`${command} ${why}`);
    this.name = 'CommandError';
    this.output = output;
  }
}

/**
 * Runs a command without a shell and resolves to what it printed, standard output and error in one.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string, readonly env?: NodeJS.ProcessEnv, readonly timeoutSeconds?: number }} [options]
 * @returns {Promise<string>}
 * @throws {CommandError} when it cannot start, exits non-zero or takes longer than `timeoutSeconds`
 */
export function run(command, args, { cwd, env = process.env, timeoutSeconds = 600 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutSeconds * 1000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk) => (output += chunk));
    }
    const fail = (/** @type {string} */ why) => reject(new CommandError([command, ...args].join(' '), why, output));
    child.on('error', (error) => fail(`did not start: ${error.message}`));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else fail(signal === null ? `exited ${code}` : `was ended by ${signal} (limit ${timeoutSeconds} s)`);
    });
  });
}

/**
 * Maps with at most `limit` calls under way; results keep their order.
 * @template T, R
 * @param {readonly T[]} items
 * @param {number} limit
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>}
 */
export async function mapLimited(items, limit, work) {
  /** @type {R[]} */
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      const item = /** @type {T} */ (items[index]);
      results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}
