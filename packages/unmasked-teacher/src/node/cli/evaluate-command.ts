import type { Command } from 'commander';
import type { EvaluateEvent, EvaluateResult } from '../../evaluate.ts';
import { confusionText } from '../../report/confusion-figure.ts';
import { formatNumber } from '../../report/format.ts';
import { startEvaluation } from '../evaluate.ts';
import { eventLine } from '../event-line.ts';
import { readLabels } from '../read-labels.ts';
import { followRun } from './follow-run.ts';
import {
  addInferenceOptions,
  pretrainedOptions,
  viewOptions,
  wholeNumber,
  type InferenceFlags,
} from './inference-options.ts';
import type { CommandIo } from './io.ts';

/** The command's flags as they were typed. */
interface Typed extends InferenceFlags {
  readonly data: string;
  readonly labels?: string;
  readonly predictions?: string;
  readonly report?: string;
  readonly prefix?: string;
  readonly workers?: number;
}

/** Adds `evaluate` to the program. */
export function addEvaluateCommand(program: Command, io: CommandIo, onExit: (code: number) => void): void {
  const command = program
    .command('evaluate')
    .summary('measure a classifier on labelled videos')
    .description(
      "Measures a classifier by the reference's protocol: clips times crops of every video, the softmax of all views averaged. " +
        'Prints top-1, top-5, mean class accuracy and what was taken for what. With --predictions every video is written as it is ' +
        'through, and the same command goes on where a stopped one ended. Videos that cannot be read are named and not counted; the ' +
        'exit code is then 1.',
    )
    .requiredOption('--weights <path>', 'the classifier: what umt finetune wrote, or a .pth of the reference')
    .requiredOption(
      '--data <path>',
      'labelled videos: a folder per class, a list (CSV, JSON, JSON lines, Parquet) or a shard set',
    )
    .option('--predictions <path>', 'JSON lines: a line for each video, to be gone on with')
    .option('--report <path>', 'an HTML page with the figures and the confusion table')
    .option('--labels <path>', 'names of the classes: a line for each, or JSON; by default those in the weights')
    .option('--prefix <path>', 'folder put in front of the paths of a list')
    .option('--workers <number>', 'threads that decode videos', wholeNumber);
  addInferenceOptions(command, { clips: 4, crops: 3 })
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} evaluate --weights runs/motions/classifier.safetensors --data test --clips 1 --crops 1
  ${io.program} evaluate --weights b16_ptk710_ftk710_ftk400_f8_res224.pth --data k400/test.csv --predictions k400.jsonl --report k400.html
      4 clips of 3 crops, as published; a second run goes on after the videos in k400.jsonl
  ${io.program} evaluate --weights classifier.safetensors --data test.jsonl --json`,
    )
    .action(async (typed: Typed) => {
      onExit(await evaluateCommand(typed, io));
    });
}

async function evaluateCommand(typed: Typed, io: CommandIo): Promise<number> {
  const { weights, data, predictions, report, prefix, workers, json = false } = typed;
  const labels = typed.labels === undefined ? undefined : await readLabels(typed.labels);
  const options = {
    ...{ weights, data, ...pretrainedOptions(typed), ...viewOptions(typed) },
    ...(labels && { labels }),
    ...(predictions !== undefined && { predictions }),
    ...(report !== undefined && { report }),
    ...(prefix !== undefined && { prefix }),
    ...(workers !== undefined && { workers }),
  };
  const { result, exitCode } = await followRun<EvaluateEvent, EvaluateResult>(
    (onEvent) => startEvaluation(options, { onEvent }),
    () => undefined,
    json,
    io,
  );
  io.out.write(json ? eventLine({ type: 'result', ...result }) : inWords(result, io));
  if (result.unreadable.length > 0) {
    io.err.write(`${result.unreadable.length} videos could not be read and do not count; they are named above\n`);
  }
  return exitCode === 0 && result.unreadable.length > 0 ? 1 : exitCode;
}

function inWords(result: EvaluateResult, { colors }: CommandIo): string {
  const { top1, top5, meanClassAccuracy, videos, confusion, classes, clips, crops, remaining, resumed } = result;
  const row = (name: string, share: number) => `${name.padEnd(20)}${percent(share)}`;
  const before = resumed > 0 ? `, ${resumed} of them from before` : '';
  return [
    `${videos} videos${before}, ${clips} x ${crops} views each`,
    colors.bold(row('top-1', top1)),
    ...(classes.length > 5 ? [row('top-5', top5)] : []),
    row('mean over classes', meanClassAccuracy),
    '',
    'rows: the class; columns: what was predicted',
    confusionText(confusion, classes),
    ...(remaining > 0
      ? ['', `stopped with ${remaining} videos to go; the same command goes on with --predictions`]
      : []),
    ...(result.predictions === null ? [] : ['', `predictions: ${result.predictions}`]),
    ...(result.report === null ? [] : [`report: ${result.report}`]),
    '',
  ].join('\n');
}

function percent(share: number): string {
  return `${formatNumber(100 * share, 4)} %`;
}
