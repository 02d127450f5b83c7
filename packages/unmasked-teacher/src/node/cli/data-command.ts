import type { Command } from 'commander';
import type { CommandIo } from './io.ts';

/** Adds the group `data` to the program: what is done with videos before training. */
export function addDataCommand(program: Command, _io: CommandIo, _onExit: (code: number) => void): void {
  // Sub-commands are added here: add...Command(group, io, onExit).
  program
    .command('data')
    .summary('prepare videos for training')
    .description('What is done with videos before training.');
}
