import type { Command } from 'commander';
import { saveSafetensors, type CheckpointTensor } from '@umt/checkpoint';
import { VideoEncoder, type Embedding } from '../../inference/video-encoder.ts';
import { eventLine } from '../event-line.ts';
import { expandVideos } from '../expand-videos.ts';
import { forEachVideo } from './for-each-video.ts';
import {
  addInferenceOptions,
  clipLine,
  pretrainedOptions,
  viewOptions,
  type InferenceFlags,
} from './inference-options.ts';
import { UsageError, type CommandIo } from './io.ts';
import { shownWhile } from './status-line.ts';

/** The command's flags as they were typed. */
interface Typed extends InferenceFlags {
  readonly output: string;
  readonly tokens?: boolean;
}

/** Adds `features` to the program. */
export function addFeaturesCommand(program: Command, io: CommandIo, onExit: (code: number) => void): void {
  const command = program
    .command('features')
    .summary('turn videos into vectors, by a classifier or a pre-trained student')
    .description(
      'Writes what a classifier or a pre-trained student makes of videos to a safetensors file: `features` [videos, width], ' +
        'or with --tokens `tokens` [videos, tokens, width]. The paths stand in the same order in its metadata, under ' +
        '`videos`. A video that cannot be read is told and left out; the exit code is then 1.',
    )
    .argument('<video...>', 'paths or addresses of videos, or folders of them')
    .requiredOption('--weights <path>', 'a classifier or a student: .pth or .safetensors')
    .requiredOption('--output <path>', 'safetensors file to write')
    .option('--tokens', 'the embedding of every token, in (t, h, w) order, in place of one of the whole video');
  addInferenceOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} features my-videos --weights b16_ptk710_f8_res224.pth --output features.safetensors
  ${io.program} features video.mp4 --weights runs/first/student.safetensors --output tokens.safetensors --tokens`,
    )
    .action(async (named: readonly string[], typed: Typed) => {
      onExit(await features(named, typed, io));
    });
}

async function features(named: readonly string[], typed: Typed, io: CommandIo): Promise<number> {
  const { weights, output, tokens = false, json = false } = typed;
  if (tokens && typed.clips * typed.crops > 1) {
    throw new UsageError('--tokens are those of one view: leave --clips and --crops out');
  }
  const videos = await expandVideos(named);
  const encoder = await shownWhile(`loading ${weights}`, io, () =>
    VideoEncoder.fromPretrained(weights, pretrainedOptions(typed)),
  );
  const found: { readonly path: string; readonly embedding: Embedding }[] = [];
  if (!json) io.err.write(clipLine(encoder, typed));
  try {
    const exitCode = await forEachVideo(videos, json, io, async ({ path, onView }) => {
      const options = { ...viewOptions(typed), onView };
      found.push({
        path,
        embedding: tokens ? await encoder.tokens(path, options) : await pooled(encoder, path, options),
      });
    });
    if (found.length === 0) throw new Error('none of the videos could be read: nothing was written');
    const name = tokens ? 'tokens' : 'features';
    const tensor = stacked(found.map(({ embedding }) => embedding));
    const paths = found.map(({ path }) => path);
    await saveSafetensors(output, { [name]: tensor }, { format: 'pt', videos: JSON.stringify(paths), weights });
    const { shape } = tensor;
    if (json) io.out.write(eventLine({ type: 'result', output, name, shape, videos: paths }));
    else io.out.write(`${output}: ${name} [${shape.join(', ')}]\n`);
    return exitCode;
  } finally {
    encoder.dispose();
  }
}

/** [1, D] */
async function pooled(
  encoder: VideoEncoder,
  path: string,
  options: Parameters<VideoEncoder['features']>[1],
): Promise<Embedding> {
  const data = await encoder.features(path, options);
  return { shape: [1, data.length], data };
}

/** [1, ..] of each -> [videos, ..] */
function stacked(embeddings: readonly Embedding[]): CheckpointTensor {
  const [first] = embeddings;
  const data = new Float32Array(embeddings.reduce((length, one) => length + one.data.length, 0));
  let start = 0;
  for (const one of embeddings) {
    data.set(one.data, start);
    start += one.data.length;
  }
  return { dtype: 'F32', shape: [embeddings.length, ...(first?.shape.slice(1) ?? [])], data };
}
