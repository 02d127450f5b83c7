import { Command, CommanderError } from 'commander';
import { RunError } from '@umt/trainer';
import { nearestName, suggestion } from '../../config/nearest.ts';
import { eventLine } from '../event-line.ts';
import { addClassifyCommand } from './classify-command.ts';
import { addConvertCommand } from './convert-command.ts';
import { addDataCommand } from './data-command.ts';
import { addDevicesCommand } from './devices-command.ts';
import { addEvaluateCommand } from './evaluate-command.ts';
import { addFeaturesCommand } from './features-command.ts';
import { addFinetuneCommand } from './finetune-command.ts';
import { addForwardCommand } from './forward-command.ts';
import { addInspectCommand } from './inspect-command.ts';
import { UsageError, type CommandIo } from './io.ts';
import { addPretrainCommand } from './pretrain-command.ts';

/** Exit codes: 0 well, 1 failed, 2 not understood, 130 Ctrl-C. */
const FAILED = 1;
const NOT_UNDERSTOOD = 2;

/** Errors of what was typed, as opposed to what happened: by name, because some come from a worker. */
const USAGE_ERRORS = ['UsageError', 'ConfigError', 'DeviceError', 'LaunchError'];

/**
 * Runs the command line.
 *
 * @param words what follows the program's name
 * @returns the exit code; every error has become one line on `io.err`, with its stack only after `--verbose`
 */
export async function main(words: readonly string[], io: CommandIo): Promise<number> {
  let exitCode = 0;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync([...words], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError && error.code === 'commander.help') {
      commandNamed(words, program).outputHelp();
      return 0;
    }
    const shown = error instanceof CommanderError ? usageError(error, program, words) : error;
    return tell(shown, words, io);
  }
}

function createProgram(io: CommandIo, onExit: (code: number) => void): Command {
  const program = new Command('umt')
    .description('Unmasked Teacher: pre-train, fine-tune and use video transformers, in TypeScript.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out.write(text), writeErr: () => {} })
    .showSuggestionAfterError(false)
    .version(io.version, '--version', 'print the version')
    .option('--verbose', 'print the stack of an error')
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} devices
  ${io.program} pretrain tiny --data my-videos --output runs/first
  ${io.program} finetune tiny --data train --validation test --output runs/motions
  ${io.program} classify video.mp4 --weights runs/motions/classifier.safetensors
  ${io.program} inspect b16_ptk710_f8_res224.pth
  ${io.program} pretrain --help`,
    );
  addPretrainCommand(program, io, onExit);
  addFinetuneCommand(program, io, onExit);
  addEvaluateCommand(program, io, onExit);
  addClassifyCommand(program, io, onExit);
  addFeaturesCommand(program, io, onExit);
  addInspectCommand(program, io);
  addConvertCommand(program, io);
  addForwardCommand(program, io);
  addDataCommand(program, io, onExit);
  addDevicesCommand(program, io, onExit);
  for (const command of commandsBelow(program)) {
    command.option('--verbose', 'print the stack of an error').copyInheritedSettings(program);
  }
  return program;
}

/** Its commands, and those of its groups. */
function commandsBelow(command: Command): readonly Command[] {
  return command.commands.flatMap((one) => [one, ...commandsBelow(one)]);
}

/** The innermost command that was named. */
function commandNamed(words: readonly string[], program: Command): Command {
  for (const [i, word] of words.entries()) {
    const named = program.commands.find((one) => one.name() === word);
    if (named) return commandNamed(words.slice(i + 1), named);
  }
  return program;
}

/** A command as it is typed: `umt data pack`. */
function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

/** Commander's complaint in one line, with the nearest flag or command. */
function usageError(error: CommanderError, program: Command, words: readonly string[]): UsageError {
  const quoted = /'([^']+)'/.exec(error.message)?.[1] ?? '';
  const command = commandNamed(words, program);
  if (error.code === 'commander.unknownCommand') {
    const names = command.commands.map((one) => one.name());
    const nearest = nearestName(quoted, names);
    const answer = nearest === undefined ? `there is ${names.join(', ')}` : `did you mean ${nearest}?`;
    const typed = command.parent ? `${command.name()} ${quoted}` : quoted;
    return new UsageError(`there is no command ${typed}; ${answer}`);
  }
  if (error.code === 'commander.unknownOption') return unknownFlag(quoted, command);
  return new UsageError(
    error.message
      .replace(/^error: /, '')
      .split('\n')
      .join(' '),
  );
}

/** The nearest flag, or how a switch is turned off. */
function unknownFlag(typed: string, command: Command): UsageError {
  const [flag = typed] = typed.split('=');
  const flags = command.options.map(({ long }) => long ?? '');
  if (flags.includes(flag)) {
    const off = flag.replace(/^--/, '--no-');
    return new UsageError(`${flag} takes no value${flags.includes(off) ? `; ${off} turns it off` : ''}`);
  }
  const hint = suggestion(flag, flags);
  const see = `see ${fullName(command)} --help`;
  return new UsageError(`there is no flag ${flag}; ${hint.length > 200 ? see : hint}`);
}

function tell(error: unknown, words: readonly string[], io: CommandIo): number {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const kind = error instanceof RunError ? error.errorName : name;
  const oneLine = message.split('\n')[0] ?? '';
  if (words.includes('--json')) {
    io.out.write(eventLine({ type: 'error', name: kind, message: oneLine }));
  }
  io.err.write(`umt: ${oneLine}\n`);
  if (words.includes('--verbose')) io.err.write(`${stack}\n`);
  return USAGE_ERRORS.includes(kind) ? NOT_UNDERSTOOD : FAILED;
}
