import type { Command } from 'commander';
import { pretrainFamily } from '../../config/families.ts';
import { formatNumber } from '../../report/format.ts';
import { startPretraining } from '../pretrain.ts';
import type { CommandIo } from './io.ts';
import { addTrainingCommand } from './training-command.ts';

/** Adds `pretrain` to the program. Its action resolves to the exit code. */
export function addPretrainCommand(program: Command, io: CommandIo, onExit: (code: number) => void): void {
  addTrainingCommand(program, io, onExit, {
    name: 'pretrain',
    summary: 'pre-train a video transformer by a frozen teacher (stage 1)',
    description:
      'Pre-trains a student on videos: a frozen CLIP decides by its attention which tokens the student sees, and the student learns ' +
      'its features there. Checkpoints, logs, weights and an HTML report go to the output folder; the same ' +
      'command goes on where a stopped run ended. Ctrl-C stops in good order.',
    recipe: 'tiny',
    family: pretrainFamily,
    examples,
    start: startPretraining,
    lineOf: (event) =>
      event.type === 'evaluation' ? `held-out loss ${formatNumber(event.loss)} after ${event.step} steps` : undefined,
    conclusion: ({ heldOut, weights }) => [
      ...(heldOut
        ? [
            `held-out loss ${formatNumber(heldOut.loss)}; a guess that sees no pixel has ${formatNumber(heldOut.blindLoss)}`,
          ]
        : []),
      `student weights: ${weights}`,
    ],
  });
}

function examples(program: string): string {
  return `
Examples:
  ${program} pretrain tiny --data my-videos --output runs/first
      a first look: small models, a few minutes on a CPU
  ${program} pretrain B/16 --data train.csv --teacher vit_b16.pth --batch-size 8 --batch.accumulation 256
      the published recipe, its 2048 clips per step made of 256 batches of 8
  ${program} pretrain runs/first/config.json --epochs 60 --output runs/second
      a run's own configuration with some fields set otherwise
  ${program} pretrain tiny --optimizer.learning-rate 1e-3 --no-video.flip --optimizer.clip-norm 1 --print-config
      every field can be set; look before you run`;
}
