import { openSafetensors, writeSafetensors, type CheckpointTensor, type SafetensorsFile } from '@umt/checkpoint';
import type { Parameter } from '@umt/nn';
import { read, tensorLike, type Tensor } from '@umt/tensor';
import type { AdamW } from './adamw-optimizer.ts';
import type { CheckpointEntry, CheckpointFile, CheckpointStore } from './checkpoint-store.ts';
import { DamagedCheckpointError, ResumeError } from './errors.ts';
import { firstDifference, type Json } from './json.ts';
import type { ParameterAverage } from './parameter-average.ts';

const MODEL = 'model.safetensors';
const OPTIMIZER = 'optimizer.safetensors';
const STATE = 'state.json';

/** The host's part of a run's state: what cannot be worked out from the options. */
export interface HostState {
  /** Steps taken, skipped ones included. */
  readonly step: number;
  readonly skippedSteps: number;
}

/** What is trained and by what. */
export interface Trained {
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly optimizer: AdamW;
  readonly averaging: ParameterAverage | undefined;
}

/**
 * Writes a checkpoint: `model.safetensors` under the parameters' own names, `optimizer.safetensors` with moments, update
 * count and averages, `state.json` with the step and what identifies the run.
 *
 * @returns its size in bytes
 */
export async function saveTrainingState(
  store: CheckpointStore,
  trained: Trained,
  host: HostState,
  identity: Json,
): Promise<number> {
  async function* files(): AsyncGenerator<CheckpointFile> {
    yield { name: MODEL, bytes: await safetensorsOf(trained.parameters, { format: 'pt' }) };
    yield { name: OPTIMIZER, bytes: await safetensorsOf(besideTheModel(trained), {}) };
    yield { name: STATE, bytes: new TextEncoder().encode(`${JSON.stringify({ ...host, identity }, null, 1)}\n`) };
  }
  const entry = await store.save(host.step, files(), {});
  return Object.values(entry.files).reduce((total, { bytes }) => total + bytes, 0);
}

/**
 * Puts a checkpoint's values into parameters, optimizer and averages. Every file is verified before the first value changes.
 *
 * @throws DamagedCheckpointError when a file is not what was written
 * @throws ResumeError when it belongs to another run: other settings, other parameters
 */
export async function loadTrainingState(
  store: CheckpointStore,
  entry: CheckpointEntry,
  trained: Trained,
  identity: Json,
): Promise<HostState> {
  const where = `the checkpoint of step ${entry.step} in ${store.place}`;
  const { identity: writtenBy, ...host } = await readState(store, entry, where);
  const difference = firstDifference(writtenBy, identity);
  if (difference) {
    const { path, before, after } = difference;
    throw new ResumeError(
      `${where} was written with ${path} = ${before}, this run has ${after}; use the same settings, or another folder for a new run`,
    );
  }
  const model = await openSafetensors(await store.open(entry, MODEL));
  try {
    const moments = await openSafetensors(await store.open(entry, OPTIMIZER));
    try {
      checkNames(`${where}, ${MODEL}`, model, trained.parameters);
      checkNames(`${where}, ${OPTIMIZER}`, moments, besideTheModel(trained));
      await loadInto(trained.parameters, model);
      await loadInto(besideTheModel(trained), moments);
    } finally {
      await moments.close();
    }
  } finally {
    await model.close();
  }
  return host;
}

function besideTheModel({ optimizer, averaging }: Trained): ReadonlyMap<string, Parameter> {
  return averaging ? new Map([...optimizer.state(), ...averaging.state()]) : optimizer.state();
}

async function safetensorsOf(
  cells: ReadonlyMap<string, Parameter>,
  metadata: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, { value }] of cells) tensors.set(name, await checkpointTensor(value));
  return writeSafetensors(tensors, metadata);
}

async function checkpointTensor(tensor: Tensor): Promise<CheckpointTensor> {
  const { shape } = tensor;
  const data = await read(tensor);
  if (data instanceof Float32Array) return { dtype: 'F32', shape, data };
  if (data instanceof Int32Array) return { dtype: 'I32', shape, data };
  return { dtype: 'BOOL', shape, data };
}

async function readState(
  store: CheckpointStore,
  entry: CheckpointEntry,
  where: string,
): Promise<HostState & { readonly identity: unknown }> {
  const source = await store.open(entry, STATE);
  const bytes = await source.read(0, source.byteLength);
  await source.close();
  const state: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof state !== 'object' || state === null || !('step' in state) || state.step !== entry.step) {
    throw new DamagedCheckpointError(`${where}: ${STATE} is of another step`);
  }
  const skippedSteps = 'skippedSteps' in state ? Number(state.skippedSteps) : 0;
  return { step: entry.step, skippedSteps, identity: 'identity' in state ? state.identity : null };
}

function checkNames(where: string, file: SafetensorsFile, cells: ReadonlyMap<string, Parameter>): void {
  for (const [name, { shape }] of cells) {
    const stored = file.tensors.get(name);
    if (!stored) throw new ResumeError(`${where} has no tensor '${name}', which this model has`);
    if (stored.shape.join() !== shape.join()) {
      throw new ResumeError(
        `${where}: '${name}' is [${stored.shape.join(', ')}], this model has [${shape.join(', ')}]`,
      );
    }
  }
  for (const name of file.tensors.keys()) {
    if (!cells.has(name)) throw new ResumeError(`${where} has a tensor '${name}', which this model has not`);
  }
}

async function loadInto(cells: ReadonlyMap<string, Parameter>, file: SafetensorsFile): Promise<void> {
  for (const [name, cell] of cells) {
    const { dtype, data } = await file.read(name);
    if (dtype !== 'F32' && dtype !== 'I32' && dtype !== 'BOOL') {
      throw new ResumeError(`${file.name}: '${name}' is ${dtype}, where training writes F32, I32 or BOOL`);
    }
    cell.assign(tensorLike(cell.value, data, cell.shape, cell.value.dtype));
  }
}
