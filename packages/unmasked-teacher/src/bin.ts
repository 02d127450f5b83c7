#!/usr/bin/env node
import colors from 'picocolors';
import { main } from './node/cli/main.ts';
import { programName } from './node/cli/program-name.ts';

process.exitCode = await main(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  environment: process.env,
  program: programName(process.argv[1] ?? 'umt', process.cwd()),
  colors: colors.createColors(colors.isColorSupported && process.stdout.isTTY),
});
