import { Option, type Command } from 'commander';
import { progressReporter, stopOnSignals } from '@umt/trainer';
import { pretrainRecipes } from '../../recipes/index.ts';
import { formatNumber } from '../../report/format.ts';
import type { PretrainResult } from '../../pretrain.ts';
import type { PretrainEvent } from '../../stage1/run-pretraining.ts';
import { eventLine } from '../event-line.ts';
import { startPretraining } from '../pretrain.ts';
import { fieldOptions, overridesFrom } from './field-options.ts';
import type { CommandIo } from './io.ts';
import { loadPretrainConfig } from './load-config.ts';

/** Adds `pretrain` to the program. Its action resolves to the exit code. */
export function addPretrainCommand(program: Command, io: CommandIo, onExit: (code: number) => void): void {
  const command = program
    .command('pretrain')
    .summary('pre-train a video transformer by a frozen teacher (stage 1)')
    .description(
      'Pre-trains a student on videos: a frozen CLIP decides by its attention which tokens the student sees, and the student learns ' +
        'its features there. Checkpoints, logs, weights and an HTML report go to the output folder; the same ' +
        'command goes on where a stopped run ended. Ctrl-C stops in good order.',
    )
    .argument('[recipe or config]', `${[...pretrainRecipes.keys()].join(', ')}, or a .json or .mjs file`, 'tiny')
    .addOption(new Option('--recipe <name>', 'the recipe, where it is not given as a word').helpGroup('Run:'))
    .addOption(
      new Option('--overwrite', "start anew and delete an earlier run's files in the output folder").helpGroup('Run:'),
    )
    .addOption(new Option('--print-config', 'print the configuration as JSON and do nothing').helpGroup('Run:'))
    .addOption(new Option('--json', 'print one JSON event per line on standard output').helpGroup('Run:'))
    .addHelpText('after', examples(io.program));
  for (const option of fieldOptions()) command.addOption(option);
  command.action(async (base: string, values: Readonly<Record<string, unknown>>) => {
    const { recipe } = values;
    const config = await loadPretrainConfig(typeof recipe === 'string' ? recipe : base, overridesFrom(values));
    if (values['printConfig'] === true) return void io.out.write(`${JSON.stringify(config, null, 2)}\n`);
    onExit(await runToEnd(config, { isJson: values['json'] === true, overwrite: values['overwrite'] === true }, io));
  });
}

async function runToEnd(
  config: Parameters<typeof startPretraining>[0],
  { isJson, overwrite }: { readonly isJson: boolean; readonly overwrite: boolean },
  io: CommandIo,
): Promise<number> {
  const progress = progressReporter({ stream: io.err, environment: io.environment });
  const onEvent = (event: PretrainEvent) => {
    if (isJson) io.out.write(eventLine(event));
    if (event.type === 'evaluation')
      progress.line(`held-out loss ${formatNumber(event.loss)} after ${event.step} steps`);
    else if (event.type !== 'epoch') progress.onEvent(event);
  };
  const handle = startPretraining(config, { onEvent, overwrite, program: io.program });
  const signals = stopOnSignals(handle, () => progress.line('stopping after this step; Ctrl-C again quits at once'));
  try {
    const result = await handle.result;
    progress.close();
    printResult(result, isJson, io);
    return signals.exitCode;
  } finally {
    progress.close();
    signals.dispose();
  }
}

function printResult(result: PretrainResult, isJson: boolean, io: CommandIo): void {
  const { heldOut, report, weights } = result;
  if (heldOut) {
    const { loss, blindLoss } = heldOut;
    io.err.write(`held-out loss ${formatNumber(loss)}; a guess that sees no pixel has ${formatNumber(blindLoss)}\n`);
  }
  io.err.write(`student weights: ${weights}\n`);
  if (isJson) io.out.write(eventLine({ type: 'result', ...result }));
  else io.out.write(`report: ${report}\n`);
}

function examples(program: string): string {
  return `
Examples:
  ${program} pretrain tiny --data my-videos --output runs/first
      a first look: small models, a few minutes on a CPU
  ${program} pretrain B/16 --data train.csv --teacher clip-b16.safetensors --batch-size 8 --batch.accumulation 256
      the published recipe, its 2048 clips per step made of 256 batches of 8
  ${program} pretrain runs/first/config.json --epochs 60 --output runs/second
      a run's own configuration with some fields set otherwise
  ${program} pretrain tiny --optimizer.learning-rate 1e-3 --no-video.flip --optimizer.clip-norm 1 --print-config
      every field can be set; look before you run`;
}
