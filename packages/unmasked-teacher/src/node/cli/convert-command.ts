import { access } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { formatBytes } from '@umt/trainer';
import { convertCheckpoint } from '../../convert/convert-checkpoint.ts';
import type { FloatDtype } from '../../convert/convert-tensors.ts';
import { eventLine } from '../event-line.ts';
import type { CommandIo } from './io.ts';
import { statusLine } from './status-line.ts';

/** The command's flags as they were typed. */
interface Typed {
  readonly dtype?: FloatDtype;
  readonly what: 'all' | 'clip-visual';
  readonly dictionary?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Adds `convert` to the program. */
export function addConvertCommand(program: Command, io: CommandIo): void {
  program
    .command('convert')
    .summary('write a checkpoint in another format: .pth to .safetensors or back')
    .description(
      'Writes the tensors of a checkpoint (safetensors, PyTorch, TorchScript) to a .safetensors or .pth file, under their ' +
        'official names and bit for bit. What torch.load and this package read of it is the same.',
    )
    .argument('<in>', 'path or http address')
    .argument('<out>', 'path; .safetensors, .pth, .pt or .bin tells the format')
    .addOption(
      new Option('--dtype <type>', 'convert floats; by default they stay as they are').choices(['f32', 'f16', 'bf16']),
    )
    .addOption(
      new Option('--what <part>', "clip-visual: of a whole CLIP the visual tower alone, as UMT's vit_b16.pth")
        .choices(['all', 'clip-visual'])
        .default('all'),
    )
    .option('--dictionary <key>', 'take the tensors under this key of a PyTorch file, such as model_ema')
    .option('--overwrite', 'replace the output where it is there')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} convert b16_ptk710_f8_res224.pth student.safetensors
  ${io.program} convert ViT-B-16.pt vit_b16.pth --what clip-visual --dtype f32
  ${io.program} convert runs/first/student.safetensors student.pth`,
    )
    .action(async (input: string, output: string, { json = false, overwrite = false, ...options }: Typed) => {
      if (!overwrite && (await exists(output))) {
        throw new Error(`${output}: it is there already; --overwrite replaces it`);
      }
      const status = statusLine(io);
      const onTensor = (done: number, total: number) => status.show(`${input}: tensor ${done} of ${total}`);
      try {
        const result = await convertCheckpoint(input, output, { ...options, onTensor });
        status.clear();
        if (json) return void io.out.write(eventLine({ type: 'result', ...result }));
        const { leftOut, tensors, bytes } = result;
        if (leftOut.length > 0) io.err.write(`left out: ${leftOut.join(', ')}\n`);
        io.out.write(`${output}: ${tensors} tensors, ${formatBytes(bytes)}\n`);
      } finally {
        status.clear();
      }
    });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
