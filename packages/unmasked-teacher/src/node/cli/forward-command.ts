import type { Command } from 'commander';
import { pickedLine } from '@umt/runtime';
import type { NamedArray } from '@umt/nn';
import { eventLine } from '../event-line.ts';
import { forwardFiles, type ForwardFilesResult } from '../forward-files.ts';
import type { CommandIo } from './io.ts';

/** The command's flags as they were typed. */
interface Typed {
  readonly model: string;
  readonly weights: string;
  readonly input: string;
  readonly output: string;
  readonly gradients?: boolean;
  readonly device?: string;
  readonly json?: boolean;
}

/** Adds `forward` to the program. */
export function addForwardCommand(program: Command, io: CommandIo): void {
  program
    .command('forward')
    .summary('run a model on tensors from a file and write what it gives, to check it against another implementation')
    .description(
      'Runs a model on tensors from a safetensors file and writes every output under its name to another one: the way to ' +
        'check this implementation against PyTorch with the same weights and inputs. Nothing is dropped at random.',
    )
    .requiredOption('--model <path>', 'JSON file: {"type": ..., "config": {...}}, see below')
    .requiredOption('--weights <path>', 'its weights: .pth or .safetensors, under the official names')
    .requiredOption('--input <path>', 'safetensors file with video and, where they are needed, mask and target')
    .requiredOption('--output <path>', 'safetensors file to write')
    .option('--gradients', "add the gradient of the model's loss by every parameter; needs a target")
    .option('--device <name>', 'what computes, as umt devices lists it')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help(io.program))
    .action(async ({ json, ...files }: Typed) => {
      const result = await forwardFiles(files);
      if (json) return void io.out.write(eventLine(asEvent(result, files)));
      io.err.write(`${pickedLine(result.picked)}\n`);
      io.out.write(asText(result, files));
    });
}

/** The tensors without the gradients, of which there are as many as parameters. */
function named({ tensors }: ForwardFilesResult): readonly (readonly [string, NamedArray])[] {
  return [...tensors].filter(([name]) => !name.startsWith('grad.'));
}

function gradientsOf({ tensors }: ForwardFilesResult): readonly NamedArray[] {
  return [...tensors].flatMap(([name, array]) => (name.startsWith('grad.') ? [array] : []));
}

function globalNorm(gradients: readonly NamedArray[]): number {
  return Math.sqrt(
    gradients.reduce((sum, { data }) => sum + data.reduce((inner, value) => inner + value * value, 0), 0),
  );
}

function asEvent(result: ForwardFilesResult, { output }: Pick<Typed, 'output'>) {
  const losses = named(result).flatMap(([name, { data }]) => (name.startsWith('loss.') ? [[name, data[0]]] : []));
  const gradients = gradientsOf(result);
  return {
    type: 'result',
    output,
    ...result.picked,
    model: result.spec,
    shapes: Object.fromEntries([...result.tensors].map(([name, { shape }]) => [name, shape])),
    losses: Object.fromEntries(losses),
    ...(gradients.length > 0 ? { gradientNorm: globalNorm(gradients) } : {}),
  };
}

function asText(result: ForwardFilesResult, { output }: Pick<Typed, 'output'>): string {
  const rows = named(result).map(([name, { shape, data }]) => [
    name,
    shape.length === 0 ? `${Number((data[0] ?? NaN).toPrecision(9))}` : `[${shape.join(', ')}]`,
  ]);
  const gradients = gradientsOf(result);
  if (gradients.length > 0) {
    rows.push(['grad.*', `${gradients.length} parameters, global norm ${globalNorm(gradients).toPrecision(7)}`]);
  }
  const width = Math.max(...rows.map(([name = '']) => name.length));
  const lines = rows.map(([name = '', value]) => `${name.padEnd(width)}  ${value}`);
  return `${[...lines, `written to ${output}`].join('\n')}\n`;
}

function help(program: string): string {
  return `
Models, with the keys of the reference's constructors (those left out have its defaults):
  umt-pretrain       img_size, patch_size, encoder_embed_dim, encoder_depth, encoder_num_heads, mlp_ratio, qkv_bias,
                     num_frames, tubelet_size, clip_decoder_embed_dim, clip_output_dim, clip_norm_type (l2 or none),
                     clip_return_layer, clip_student_return_interval, init_values, use_learnable_pos_emb
  clip-vision        input_resolution, patch_size, width, layers, heads, output_dim, clip_norm_type, kernel_size,
                     return_attn, clip_return_layer, clip_return_interval
  video-classifier   img_size, patch_size, num_classes, embed_dim, depth, num_heads, mlp_ratio, qkv_bias, all_frames,
                     tubelet_size, init_values, use_mean_pooling
  videomae-pretrain  img_size, patch_size, encoder_embed_dim, encoder_depth, encoder_num_heads, decoder_num_classes,
                     decoder_embed_dim, decoder_depth, decoder_num_heads, mlp_ratio, qkv_bias, num_frames, tubelet_size

Inputs:
  video   [B, 3, T, H, W], floats, normalised
  mask    [B, N], uint8 or bool, 1 where a token is dropped; for clip-vision patches are dropped before its first layer
  target  umt-pretrain and clip-vision: features in the shape of the output; umt-pretrain also takes those of all N tokens
          video-classifier: class numbers [B], int32 or int64
          videomae-pretrain: [B, masked, 3 x tubelet x patch x patch], channel fastest; without one the loss is mse against
          the video's own pixels: unnormalised with ImageNet's mean and deviation, then standardised per token and channel

Outputs, all float32:
  output       umt-pretrain [K, B, visible, C], clip-vision [K, B, N, C], video-classifier [B, classes],
               videomae-pretrain [B, masked, 3 x tubelet x patch x patch]
  attention    clip-vision: [B T, patches], the last layer's class token, mean of the heads
  loss.*       l2, mse and smooth_l1; of video-classifier cross_entropy, of videomae-pretrain without a target mse
  grad.<name>  with --gradients: of l2, cross_entropy or that mse by every parameter, in its official shape

Examples:
  ${program} forward --model student.json --weights b16_ptk710.pth --input in.safetensors --output out.safetensors
  ${program} forward --model student.json --weights student.safetensors --input in.safetensors --output out.safetensors --gradients --json
      student.json: {"type": "umt-pretrain", "config": {"num_frames": 8, "tubelet_size": 1, "clip_return_layer": 6}}`;
}
