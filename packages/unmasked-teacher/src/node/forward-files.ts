import { float32Source, openCheckpoint, saveSafetensors, type TensorFile } from '@umt/checkpoint';
import type { Picked } from '@umt/runtime';
import { nearestName } from '../config/nearest.ts';
import { ForwardInputError, type ForwardInputs } from '../forward/inputs.ts';
import { runForward, type ForwardResult } from '../forward/run-forward.ts';
import { readJson } from './read-json.ts';
import { withEngine } from './with-engine.ts';

/** The files of a forward pass. */
export interface ForwardFiles {
  /** Path of the model's description. */
  readonly model: string;
  /** Path of its weights, any checkpoint. */
  readonly weights: string;
  /** Path of the tensors it is run on. */
  readonly input: string;
  /** Path of the safetensors file that is written. */
  readonly output: string;
  readonly gradients?: boolean;
  readonly device?: string;
}

/** What a forward pass gave, and where it was computed. */
export interface ForwardFilesResult extends ForwardResult {
  readonly picked: Picked;
}

/**
 * Runs a model from files to a file; see `runForward`. The output is there whole or not at all.
 *
 * @throws what `runForward` throws, CheckpointError naming a file that cannot be read, DeviceError
 */
export async function forwardFiles(files: ForwardFiles): Promise<ForwardFilesResult> {
  const spec = await readJson(files.model);
  const weights = await openCheckpoint(files.weights);
  try {
    const inputs = await readInputs(files.input);
    return await withEngine(files.device, async (picked) => {
      const result = await runForward({
        spec,
        specName: files.model,
        weights: float32Source(weights),
        inputs,
        gradients: files.gradients ?? false,
      }).catch((error: unknown) => {
        throw named(error, files);
      });
      const tensors = [...result.tensors].map(([name, array]) => [name, { dtype: 'F32', ...array }] as const);
      await saveSafetensors(files.output, new Map(tensors), { format: 'pt', type: result.spec.type });
      return { ...result, picked };
    });
  } finally {
    await weights.close();
  }
}

const INPUTS = ['video', 'mask', 'target'] as const;

async function readInputs(path: string): Promise<ForwardInputs> {
  const file = await openCheckpoint(path);
  try {
    checkNames(file);
    const has = (name: (typeof INPUTS)[number]) => file.tensors.has(name);
    return {
      video: await file.read('video'),
      ...(has('mask') ? { mask: await file.read('mask') } : {}),
      ...(has('target') ? { target: await file.read('target') } : {}),
    };
  } finally {
    await file.close();
  }
}

/** Other tensors may stand in the file; a misspelt mask, which would mean another computation, is not passed over. */
function checkNames({ name, tensors }: TensorFile): void {
  const absent = INPUTS.filter((input) => !tensors.has(input));
  for (const key of tensors.keys()) {
    const meant = INPUTS.some((input) => input === key) ? undefined : nearestName(key, absent);
    if (meant !== undefined) throw new ForwardInputError(`${name}: it holds ${key}; did you mean ${meant}?`);
  }
  if (tensors.has('video')) return;
  const names = [...tensors.keys()].slice(0, 5).join(', ');
  throw new ForwardInputError(`${name}: it holds no tensor named video${names === '' ? '' : `, but ${names}`}`);
}

/** Says which of the files an error is about, where its message cannot know. */
function named(error: unknown, { weights, input }: ForwardFiles): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof ForwardInputError) error.message = `${input}: ${error.message}`;
  else if (/^(ParameterMismatch|ClipCheckpoint)/.test(error.name)) error.message = `${weights}: ${error.message}`;
  return error;
}
