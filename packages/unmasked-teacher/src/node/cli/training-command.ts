import { Option, type Command } from 'commander';
import type { AnyEvent, RunHandle } from '@umt/trainer';
import type { ConfigFamily } from '../../config/config-family.ts';
import { eventLine } from '../event-line.ts';
import { fieldOptions, overridesFrom } from './field-options.ts';
import { followRun } from './follow-run.ts';
import type { CommandIo } from './io.ts';
import { loadConfig } from './load-config.ts';

/** How a run is started from a command. */
export interface StartOptions<Event> {
  readonly onEvent: (event: Event) => void;
  readonly overwrite: boolean;
  readonly program: string;
}

/** A command that trains: what differs from one to the other. */
export interface TrainingCommand<Config, Event, Result> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** The recipe that is meant where none is named. */
  readonly recipe: string;
  readonly family: ConfigFamily<Config>;
  readonly examples: (program: string) => string;
  readonly start: (config: Config, options: StartOptions<Event>) => RunHandle<Result>;
  /** The line for people that an event of the command's own becomes; undefined for one of the trainer's. */
  readonly lineOf: (event: Event) => string | undefined;
  /** Lines for people at the end. */
  readonly conclusion: (result: Result) => readonly string[];
}

/** Adds a command that trains to the program: recipe or file, a flag for every field, progress, Ctrl-C, `--json`. */
export function addTrainingCommand<
  Config extends Readonly<Record<string, unknown>>,
  Event extends AnyEvent,
  Result extends { readonly report: string; readonly rank: number },
>(
  program: Command,
  io: CommandIo,
  onExit: (code: number) => void,
  training: TrainingCommand<Config, Event, Result>,
): void {
  const { family } = training;
  const command = program
    .command(training.name)
    .summary(training.summary)
    .description(training.description)
    .argument(
      '[recipe or config]',
      `${[...family.recipes.keys()].join(', ')}, or a .json or .mjs file`,
      training.recipe,
    )
    .addOption(new Option('--recipe <name>', 'the recipe, where it is not given as a word').helpGroup('Run:'))
    .addOption(
      new Option('--overwrite', "start anew and delete an earlier run's files in the output folder").helpGroup('Run:'),
    )
    .addOption(new Option('--print-config', 'print the configuration as JSON and do nothing').helpGroup('Run:'))
    .addOption(new Option('--json', 'print one JSON event per line on standard output').helpGroup('Run:'))
    .addHelpText('after', training.examples(io.program));
  for (const option of fieldOptions(family)) command.addOption(option);
  command.action(async (base: string, values: Readonly<Record<string, unknown>>) => {
    const { recipe } = values;
    const config = await loadConfig(family, typeof recipe === 'string' ? recipe : base, overridesFrom(family, values));
    if (values['printConfig'] === true) return void io.out.write(`${JSON.stringify(config, null, 2)}\n`);
    const isJson = values['json'] === true;
    const { result, exitCode } = await followRun<Event, Result>(
      (onEvent) => training.start(config, { onEvent, overwrite: values['overwrite'] === true, program: io.program }),
      training.lineOf,
      isJson,
      io,
    );
    onExit(exitCode);
    if (result.rank > 0) return; // rank 0 tells of the run
    for (const line of training.conclusion(result)) io.err.write(`${line}\n`);
    if (isJson) io.out.write(eventLine({ type: 'result', ...result }));
    else io.out.write(`report: ${result.report}\n`);
  });
}
