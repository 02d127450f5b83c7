#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import colors from 'picocolors';
import { main } from './node/cli/main.ts';
import { programName } from './node/cli/program-name.ts';

const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

// A reader that has seen enough (`umt --help | head`) closes the pipe: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await main(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  environment: process.env,
  program: programName(process.argv[1] ?? 'umt', process.cwd()),
  version: manifest.version,
  colors: colors.createColors(colors.isColorSupported && process.stdout.isTTY),
});
