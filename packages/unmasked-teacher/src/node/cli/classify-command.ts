import { Option, type Command } from 'commander';
import { VideoClassifier, type Prediction } from '../../inference/video-classifier.ts';
import { eventLine } from '../event-line.ts';
import { expandVideos } from '../expand-videos.ts';
import { readLabels } from '../read-labels.ts';
import { forEachVideo } from './for-each-video.ts';
import {
  addInferenceOptions,
  clipLine,
  pretrainedOptions,
  viewOptions,
  wholeNumber,
  type InferenceFlags,
} from './inference-options.ts';
import type { CommandIo } from './io.ts';
import { shownWhile } from './status-line.ts';

/** The command's flags as they were typed. */
interface Typed extends InferenceFlags {
  readonly labels?: string;
  readonly top: number;
}

/** Adds `classify` to the program. */
export function addClassifyCommand(program: Command, io: CommandIo, onExit: (code: number) => void): void {
  const command = program
    .command('classify')
    .summary('say what videos show, by a fine-tuned classifier')
    .description(
      "Classifies videos by a fine-tuned classifier: one of the reference's release (.pth), or what umt finetune wrote. " +
        'A video that cannot be read is told and the others go on; the exit code is then 1.',
    )
    .argument('<video...>', 'paths or addresses of videos, or folders of them')
    .requiredOption('--weights <path>', 'the classifier: .pth or .safetensors')
    .option(
      '--labels <path>',
      'names of the classes: a line for each, or JSON; by default those in the weights, or numbers',
    )
    .addOption(new Option('--top <number>', 'most likely classes that are shown').default(5).argParser(wholeNumber));
  addInferenceOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} classify video.mp4 --weights runs/mine/classifier.safetensors
  ${io.program} classify video.mp4 --weights b16_ptk710_ftk710_ftk400_f8_res224.pth --labels kinetics400.txt --clips 4 --crops 3
  ${io.program} classify my-videos --weights classifier.pth --top 1 --json`,
    )
    .action(async (named: readonly string[], typed: Typed) => {
      onExit(await classify(named, typed, io));
    });
}

async function classify(named: readonly string[], typed: Typed, io: CommandIo): Promise<number> {
  const { weights, top, json = false } = typed;
  const labels = typed.labels === undefined ? {} : { labels: await readLabels(typed.labels) };
  const videos = await expandVideos(named);
  const classifier = await shownWhile(`loading ${weights}`, io, () =>
    VideoClassifier.fromPretrained(weights, { ...pretrainedOptions(typed), ...labels }),
  );
  if (!json) io.err.write(clipLine(classifier, typed));
  try {
    return await forEachVideo(videos, json, io, async ({ path, onView, status }) => {
      const predictions = await classifier.classify(path, { ...viewOptions(typed), top, onView });
      status.clear();
      io.out.write(json ? eventLine({ type: 'video', path, predictions }) : asText(path, predictions, io));
    });
  } finally {
    classifier.dispose();
  }
}

function asText(path: string, predictions: readonly Prediction[], { colors }: CommandIo): string {
  const lines = predictions.map(({ label, index, probability }) => {
    const name = label === String(index) ? `class ${index}` : label;
    return `${`${(100 * probability).toFixed(1)} %`.padStart(9)}  ${name}`;
  });
  return [colors.bold(path), ...lines, ''].join('\n');
}
