import { arraySource, loadParameters, stateDict } from '@umt/nn';
import { loadEngine } from '@umt/runtime';
import { read, setEngine, tensor } from '@umt/tensor';
import { tokenCount } from '@umt/tokenizer';
import { createStudent, Student, studentConfig, studentGrid } from '@umt/vit';

/** What a student makes of a clip. */
export interface Features {
  /** The engine that ran. */
  readonly device: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/**
 * Runs a small student forward on a clip that is the same everywhere, with weights that went through a state dict as
 * downloaded ones do. Engines load only when this is called.
 * @param gemm how the wasm engine multiplies matrices
 */
export async function studentForward(gemm: 'auto' | 'xnnpack' = 'auto'): Promise<Features> {
  const { engine, picked } = await loadEngine({ device: 'wasm', gemm });
  setEngine(engine);
  const config = studentConfig('B/16', { width: 48, heads: 3, depth: 4, imageSize: 64, frames: 4, alignedLayers: 2 });
  const student = new Student(config);
  await loadParameters(student, arraySource(await stateDict(createStudent(config, { seed: 42 }))));

  const [tokens, size] = [tokenCount(studentGrid(config)), config.imageSize];
  const visible = Int32Array.from({ length: Math.floor(tokens / 5) }, (_, index) => index * 5);
  const video = Float32Array.from({ length: 4 * size * size * 3 }, (_, index) => Math.sin(index * 0.37));
  const output = student.forward(tensor(video, [1, 4, size, size, 3]), tensor(visible, [1, visible.length]));
  const { shape } = output.features;
  const values = [...(await read(output.features))];
  engine.dispose();
  return { device: picked.device, shape, values };
}
