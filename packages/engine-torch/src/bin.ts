#!/usr/bin/env node
import { runCommand } from './node/command.ts';

process.exitCode = await runCommand(process.argv.slice(2), console.log, console.error);
