import type { Command } from 'commander';
import { openCheckpoint } from '@umt/checkpoint';
import { formatBytes } from '@umt/trainer';
import { condense, type TensorGroup } from '../../inspect/condense.ts';
import { inspectCheckpoint, type CheckpointInspection } from '../../inspect/inspect-checkpoint.ts';
import type { CommandIo } from './io.ts';

/** The command's flags as they were typed. */
interface Typed {
  readonly all?: boolean;
  readonly dictionary?: string;
  readonly spec?: boolean;
  readonly json?: boolean;
}

const FORMATS: Readonly<Record<CheckpointInspection['format'], string>> = {
  safetensors: 'safetensors',
  pytorch: 'PyTorch',
  'pytorch-legacy': 'PyTorch, the format before 1.6',
  torchscript: 'TorchScript',
};

/** Adds `inspect` to the program. */
export function addInspectCommand(program: Command, io: CommandIo): void {
  program
    .command('inspect')
    .summary('say what is in a checkpoint, and which model it fits')
    .description(
      'Lists the tensors of a checkpoint (safetensors, PyTorch, TorchScript) with shapes and types, says what else is in ' +
        'it and which model it fits. Reads names and sizes only; nothing in the file is executed.',
    )
    .argument('<file>', 'path or http address')
    .option('--all', 'list every tensor; without it those of all blocks make one line')
    .option('--dictionary <key>', 'look under this key of a PyTorch file, such as model_ema')
    .option('--spec', 'print the description of its model for umt forward --model, and nothing else')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} inspect b16_ptk710_f8_res224.pth
  ${io.program} inspect checkpoint-latest.pth --dictionary model_ema --all
  ${io.program} inspect b16_ptk710_f8_res224.pth --spec > student.json`,
    )
    .action(async (path: string, { all = false, dictionary, spec = false, json = false }: Typed) => {
      const file = await openCheckpoint(path, dictionary === undefined ? {} : { dictionary });
      try {
        const found = inspectCheckpoint(file);
        if (spec) io.out.write(`${JSON.stringify(specOrThrow(found), null, 2)}\n`);
        else io.out.write(json ? `${JSON.stringify(found)}\n` : asText(found, all, io));
      } finally {
        await file.close();
      }
    });
}

function specOrThrow({ name, model }: CheckpointInspection): unknown {
  if (!model) throw new Error(`${name}: it fits no model that umt forward runs`);
  if (!model.spec) throw new Error(`${name}: ${model.problem ?? 'its sizes are not known'}`);
  return model.spec;
}

function asText(found: CheckpointInspection, all: boolean, { colors }: CommandIo): string {
  const { tensors, dtypes, dictionary, model } = found;
  const place = dictionary === '' ? '' : `, tensors under "${dictionary}"`;
  const kinds = Object.entries(dtypes);
  const types = kinds.map(([dtype, count]) => (kinds.length > 1 ? `${count} ${dtype}` : dtype)).join(', ');
  const elements = found.elements.toLocaleString('en-US');
  const others = [
    ...Object.entries(found.otherEntries),
    ...Object.entries(found.metadata).filter(([key]) => key !== 'format'),
  ];
  const groups: readonly TensorGroup[] = all ? tensors.map((one) => ({ ...one, count: 1 })) : condense(tensors);
  return [
    `${colors.bold(found.name)}  ${FORMATS[found.format]}${place}`,
    `${tensors.length} tensors, ${elements} numbers, ${formatBytes(found.bytes)}${types === '' ? '' : `, ${types}`}`,
    model ? `fits ${model.type}: ${colors.green(model.summary)}` : colors.dim('fits no model of this package'),
    ...others.map(([key, about]) => `${colors.dim('also')} ${key}: ${shortened(about)}`),
    '',
    ...table(groups, colors.dim),
    '',
  ].join('\n');
}

function table(groups: readonly TensorGroup[], dim: (text: string) => string): readonly string[] {
  const rows = groups.map(({ name, shape, dtype, count }) => [
    name,
    `[${shape.join(', ')}]`,
    dtype,
    count > 1 ? `x ${count}` : '',
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map(([name = '', shape = '', dtype = '', count = '']) =>
    [name.padEnd(widths[0] ?? 0), shape.padEnd(widths[1] ?? 0), dim(`${dtype.padEnd(widths[2] ?? 0)} ${count}`)]
      .join('  ')
      .trimEnd(),
  );
}

function shortened(text: string): string {
  const oneLine = text.replace(/\s+/g, ' ');
  return oneLine.length > 100 ? `${oneLine.slice(0, 99)}…` : oneLine;
}
