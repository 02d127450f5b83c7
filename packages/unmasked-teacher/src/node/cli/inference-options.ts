import { InvalidArgumentError, Option, type Command } from 'commander';
import type { PretrainedOptions, VideoEncoder, ViewOptions } from '../../inference/video-encoder.ts';

/** What is typed for every command that runs a trained model on videos. */
export interface InferenceFlags {
  readonly weights: string;
  readonly clips: number;
  readonly crops: number;
  readonly batchSize: number;
  readonly frames?: number;
  readonly size?: number;
  readonly heads?: number;
  readonly device?: string;
  readonly json?: boolean;
}

/**
 * Adds these flags to a command.
 * @param views how many clips and crops there are where none are named
 */
export function addInferenceOptions(
  command: Command,
  { clips, crops }: Pick<InferenceFlags, 'clips' | 'crops'> = { clips: 1, crops: 1 },
): Command {
  const count = (flags: string, about: string) => new Option(flags, about).argParser(wholeNumber);
  return command
    .addOption(
      count('--clips <number>', 'clips along time, averaged; the published accuracies are of 4').default(clips),
    )
    .addOption(
      count('--crops <number>', 'crops along the longer side, averaged; the published ones are of 3').default(crops),
    )
    .addOption(count('--batch-size <number>', 'views that pass through the model at once').default(1))
    .addOption(count('--frames <number>', 'frames of a clip, where the weights do not tell (default 8)'))
    .addOption(count('--size <pixels>', 'height and width of a clip, where the weights do not tell (default 224)'))
    .addOption(count('--heads <number>', 'attention heads, where they are not 64 wide'))
    .option('--device <name>', 'what computes, as umt devices lists it')
    .option('--json', 'print one JSON object per line');
}

/** What of it the model takes. */
export function pretrainedOptions({ frames, size, heads, device }: InferenceFlags): PretrainedOptions {
  return {
    ...(frames === undefined ? {} : { frames }),
    ...(size === undefined ? {} : { imageSize: size }),
    ...(heads === undefined ? {} : { heads }),
    ...(device === undefined ? {} : { device }),
  };
}

/** What of it says how videos are looked at. */
export function viewOptions({ clips, crops, batchSize }: InferenceFlags): ViewOptions {
  return { clips, crops, batchSize };
}

/** What is said before videos are looked at: the size of clips, which weights of other programs need not tell. */
export function clipLine({ clipSize }: VideoEncoder, { clips, crops }: InferenceFlags): string {
  const { frames, imageSize } = clipSize;
  const views = clips * crops;
  return `each video: ${views} ${views === 1 ? 'view' : 'views'} of ${frames} frames of ${imageSize} x ${imageSize} pixels\n`;
}

/** A flag's value as a whole number from 1 on. */
export function wholeNumber(typed: string): number {
  const number = Number(typed);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}
