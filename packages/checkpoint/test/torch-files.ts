import { expect } from 'vitest';
import { openCheckpoint, type CheckpointTensor } from '@umt/checkpoint';
import { bytesOf } from '../src/tensor.ts';

/** What a file written by fixtures/torch/make.py holds, as PyTorch has it. */
export interface TorchFile {
  readonly format: string;
  readonly dictionary: string;
  readonly other: readonly string[];
  readonly tensors: Readonly<
    Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly bytes: string | null }>
  >;
}

/** The small files of fixtures/torch, without their extension, by extension. */
export const TORCH_FILES: readonly string[] = [
  'dtypes.pth',
  'views.pth',
  'views-legacy.pth',
  'training.pth',
  'training-legacy.pth',
  'protocol-1.pth',
  'protocol-3.pth',
  'protocol-3-legacy.pth',
  'protocol-4.pth',
  'protocol-4-legacy.pth',
  'protocol-5.pth',
  'protocol-5-legacy.pth',
  'nested.pth',
  'custom-dictionary.pth',
  'not-a-model.pth',
  'script.pt',
];

/** Opens a file and holds every name, dtype, shape and byte against PyTorch's. */
export async function expectAsTorch(source: string | Uint8Array, expected: TorchFile): Promise<void> {
  const file = await openCheckpoint(source);
  expect(file.format).toBe(expected.format);
  expect(file.dictionary).toBe(expected.dictionary);
  expect([...file.otherEntries.keys()].sort()).toEqual([...expected.other].sort());
  expect([...file.tensors.keys()].sort()).toEqual(Object.keys(expected.tensors).sort());
  for (const [name, { dtype, shape, bytes }] of Object.entries(expected.tensors)) {
    expect(file.tensors.get(name), name).toEqual({ name, dtype, shape });
    if (bytes === null) {
      await expect(file.read(name)).rejects.toThrow(/: tensor "[^\n]*": it cannot be read: [^\n]+$/);
      continue;
    }
    const tensor: CheckpointTensor = await file.read(name);
    expect([tensor.dtype, tensor.shape], name).toEqual([dtype, shape]);
    expect(Buffer.from(bytesOf(tensor)).toString('base64'), name).toBe(bytes);
  }
  await file.close();
}
