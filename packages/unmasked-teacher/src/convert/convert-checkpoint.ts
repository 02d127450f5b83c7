import { openCheckpoint, savePytorch, saveSafetensors, type CheckpointSource } from '@umt/checkpoint';
import { ConfigError } from '../config/config-error.ts';
import { convertTensors, type ConvertOptions } from './convert-tensors.ts';

/** How a checkpoint is converted. */
export interface ConvertCheckpointOptions extends ConvertOptions {
  /** The key of a PyTorch file that the tensors stand under; by default as `openCheckpoint` finds them. */
  readonly dictionary?: string;
}

/** What was written. */
export interface ConvertedCheckpoint {
  readonly output: string;
  readonly format: 'safetensors' | 'pytorch';
  readonly tensors: number;
  /** Of the tensors' elements. */
  readonly bytes: number;
  /** What the other format, or the extract, has no place for: keys of a PyTorch file, metadata of a safetensors file. */
  readonly leftOut: readonly string[];
}

const FORMATS: Readonly<Record<string, ConvertedCheckpoint['format']>> = {
  '.safetensors': 'safetensors',
  '.pth': 'pytorch',
  '.pt': 'pytorch',
  '.bin': 'pytorch',
};

/**
 * Writes the tensors of a checkpoint to another file, under their official names and bit for bit unless another type is
 * asked for. The output's extension tells its format; it is there whole or not at all, and takes the place of one of its name.
 *
 * @param output a path, in Node; browsers have `convertTensors` and the writers of @umt/checkpoint
 * @throws ConfigError for another extension, CheckpointError naming what cannot be read or written
 */
export async function convertCheckpoint(
  input: CheckpointSource,
  output: string,
  { dictionary, ...options }: ConvertCheckpointOptions = {},
): Promise<ConvertedCheckpoint> {
  const format = formatOf(output);
  const file = await openCheckpoint(input, dictionary === undefined ? {} : { dictionary });
  try {
    const tensors = await convertTensors(file, options);
    const metadata = options.what === 'clip-visual' ? {} : file.metadata;
    const isSafetensors = format === 'safetensors';
    if (isSafetensors) await saveSafetensors(output, tensors, { format: 'pt', ...metadata });
    else await savePytorch(output, tensors);
    const lost = isSafetensors ? [] : Object.keys(metadata).filter((key) => key !== 'format');
    return {
      output,
      format,
      tensors: tensors.size,
      bytes: [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0),
      leftOut: [...file.otherEntries.keys(), ...lost],
    };
  } finally {
    await file.close();
  }
}

function formatOf(path: string): ConvertedCheckpoint['format'] {
  const extension = /\.[^./\\]+$/.exec(path)?.[0].toLowerCase() ?? '';
  const format = Object.hasOwn(FORMATS, extension) ? FORMATS[extension] : undefined;
  if (format) return format;
  throw new ConfigError(
    `${path}: the extension tells the format to write; it is one of ${Object.keys(FORMATS).join(', ')}`,
  );
}
