import type { Command } from 'commander';
import { addDataPackCommand } from './data-pack-command.ts';
import { addDataSpritesCommand } from './data-sprites-command.ts';
import { addDataVerifyCommand } from './data-verify-command.ts';
import type { CommandIo } from './io.ts';

/** Adds the group `data` to the program: what is done with videos before training. */
export function addDataCommand(program: Command, io: CommandIo, onExit: (code: number) => void): void {
  const group = program
    .command('data')
    .summary('pack videos into shards, check them, make a labelled set')
    .description('What is done with videos before training.');
  addDataPackCommand(group, io, onExit);
  addDataVerifyCommand(group, io, onExit);
  addDataSpritesCommand(group, io, onExit);
}
