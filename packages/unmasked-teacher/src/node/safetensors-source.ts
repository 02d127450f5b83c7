import { openSafetensors, toFloat32 } from '@umt/checkpoint';
import type { ParameterSource } from '@umt/nn';

/** A safetensors file that parameters are loaded from, tensor by tensor. Close it when they are. */
export interface FileSource extends ParameterSource {
  close(): Promise<void>;
}

/**
 * Opens a safetensors file.
 *
 * @throws CheckpointError of @umt/checkpoint naming the file
 */
export async function safetensorsSource(path: string): Promise<FileSource> {
  const file = await openSafetensors(path);
  return {
    shapes: new Map([...file.tensors].map(([name, { shape }]) => [name, shape])),
    read: async (name) => toFloat32(await file.read(name)),
    close: () => file.close(),
  };
}
