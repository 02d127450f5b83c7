import colors from 'picocolors';
import { main } from '../src/node/cli/main.ts';
import type { CliResult } from './cli.ts';

/** Runs the command line in this process: everything but what needs a worker. */
export async function umtHere(...words: readonly string[]): Promise<CliResult> {
  let [out, err] = ['', ''];
  const code = await main(words, {
    out: { write: (text) => void (out += text) },
    err: { write: (text) => void (err += text) },
    environment: {},
    program: 'umt',
    version: '1.2.3',
    colors: colors.createColors(false),
  });
  return { code, out, err };
}
