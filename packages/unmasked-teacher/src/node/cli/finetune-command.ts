import type { Command } from 'commander';
import { finetuneFamily } from '../../config/families.ts';
import type { EvaluationSummary } from '../../evaluation/evaluation-summary.ts';
import { formatNumber } from '../../report/format.ts';
import { startFinetuning } from '../finetune.ts';
import type { CommandIo } from './io.ts';
import { addTrainingCommand } from './training-command.ts';

/** Adds `finetune` to the program. Its action resolves to the exit code. */
export function addFinetuneCommand(program: Command, io: CommandIo, onExit: (code: number) => void): void {
  addTrainingCommand(program, io, onExit, {
    name: 'finetune',
    summary: 'train a video classifier on labelled videos',
    description:
      'Trains a classifier on labelled videos - a folder per class, a CSV or JSON lines - from a pre-trained student, from another ' +
      'classifier or from nothing, and measures it on a validation list as it goes. Checkpoints, logs, weights and an HTML report go to the ' +
      'output folder; the same command goes on where a stopped run ended. Ctrl-C stops in good order.',
    recipe: 'tiny',
    family: finetuneFamily,
    examples,
    start: startFinetuning,
    lineOf: (event) => {
      if (event.type !== 'accuracy') return undefined;
      const { step, top1, loss, videos, isBest } = event;
      return `top-1 ${percent(top1)} of ${videos} videos, loss ${formatNumber(loss)}, after ${step} steps${isBest ? ' (best so far)' : ''}`;
    },
    conclusion: ({ validation, test, weights, bestWeights, brokenVideos }) => [
      ...(validation ? [`one view of each video: ${inWords(validation)}`] : []),
      ...(test ? [`all views: ${inWords(test)}`] : []),
      ...(brokenVideos.length > 0 ? [`${brokenVideos.length} videos could not be read; the report names them`] : []),
      `classifier: ${weights}`,
      ...(bestWeights === null ? [] : [`the best on the validation list: ${bestWeights}`]),
    ],
  });
}

function inWords({ top1, top5, meanClassAccuracy, videos, confusion }: EvaluationSummary): string {
  const five = confusion.length > 5 ? `, top-5 ${percent(top5)}` : '';
  return `top-1 ${percent(top1)}${five}, mean over classes ${percent(meanClassAccuracy)}, of ${videos} videos`;
}

function percent(share: number): string {
  return `${formatNumber(100 * share, 3)} %`;
}

function examples(program: string): string {
  return `
Examples:
  ${program} finetune tiny --data train --validation test --output runs/motions
      a first look: a small classifier from nothing, minutes on a CPU; a folder for each class in train and test
  ${program} finetune b16_ptk710_ftssv2_f8_res224 --weights b16_ptk710_f8_res224.pth --data train.csv --validation val.csv
      a published recipe; --batch-size 2 --batch.accumulation 128 makes its step of 256 videos on a small machine
  ${program} finetune b16_ptk710_ftk710_ftk400_f8_res224 --weights b16_ptk710_ftk710_f8_res224.pth --data my.csv --classes 12
      your own classes from a Kinetics-710 classifier, whose head gives way to a new one
  ${program} finetune tiny --method linear-probe --weights runs/pretrain-tiny/student.safetensors --data train --print-config
      only a head on frozen features; every field can be set, look before you run`;
}
