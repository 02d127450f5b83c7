import { openSafetensors, type SafetensorsFile } from '@umt/checkpoint';
import type { Parameter } from '@umt/nn';
import { tensorLike } from '@umt/tensor';
import type { AdamW } from './adamw-optimizer.ts';
import type { CheckpointEntry, CheckpointFile, CheckpointStore } from './checkpoint-store.ts';
import { DamagedCheckpointError, ResumeError } from './errors.ts';
import { firstDifference, type Json } from './json.ts';
import type { ParameterAverage } from './parameter-average.ts';
import { Snapshot } from './snapshot.ts';

const MODEL = 'model.safetensors';
const OPTIMIZER = 'optimizer.safetensors';
const STATE = 'state.json';

/** The best of what was measured. */
export interface BestValue {
  /** Optimizer steps taken when it was measured. */
  readonly step: number;
  readonly value: number;
}

/** The host's part of a run's state: what cannot be worked out from the options. */
export interface HostState {
  /** Steps taken, skipped ones included. */
  readonly step: number;
  readonly skippedSteps: number;
  /** Steps before this one, up to it, that were skipped without one between that was not. */
  readonly skippedInARow: number;
  /** Times that the run went back to a checkpoint. */
  readonly rollBacks: number;
  /** The best measurement of the run; null where it has none. */
  readonly best: BestValue | null;
  /** The last step that was measured; null where none was. */
  readonly measuredStep: number | null;
}

/** The state of a run before its first step. */
export const NEW_RUN: HostState = {
  step: 0,
  skippedSteps: 0,
  skippedInARow: 0,
  rollBacks: 0,
  best: null,
  measuredStep: null,
};

/** What is trained and by what. */
export interface Trained {
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly optimizer: AdamW;
  readonly averaging: ParameterAverage | undefined;
}

/** A run's state at one moment, to be written while training goes on. */
export interface CapturedState {
  readonly host: HostState;
  /** `model.safetensors` under the parameters' own names, `optimizer.safetensors` with moments, update count and averages, `state.json`. */
  readonly files: readonly CheckpointFile[];
  /** Size of all files. */
  readonly byteLength: number;
  /** Lets go of values that were not written. */
  dispose(): void;
}

/** Takes hold of a run's state without copying or waiting: see `Snapshot`. */
export function captureTrainingState(trained: Trained, host: HostState, identity: Json): CapturedState {
  const model = new Snapshot(trained.parameters);
  const beside = new Snapshot(besideTheModel(trained));
  const state = new TextEncoder().encode(`${JSON.stringify({ ...host, identity }, null, 1)}\n`);
  const files = [
    model.file(MODEL, { format: 'pt' }),
    beside.file(OPTIMIZER, {}),
    { name: STATE, byteLength: state.byteLength, pieces: [state] },
  ];
  return {
    host,
    files,
    byteLength: files.reduce((total, { byteLength }) => total + byteLength, 0),
    dispose() {
      model.dispose();
      beside.dispose();
    },
  };
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
  const { identity: writtenBy, host } = await readState(store, entry, where);
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

async function readState(
  store: CheckpointStore,
  entry: CheckpointEntry,
  where: string,
): Promise<{ readonly host: HostState; readonly identity: unknown }> {
  const source = await store.open(entry, STATE);
  const bytes = await source.read(0, source.byteLength);
  await source.close();
  const state: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof state !== 'object' || state === null || !('step' in state) || state.step !== entry.step) {
    throw new DamagedCheckpointError(`${where}: ${STATE} is of another step`);
  }
  const { identity = null, ...fields } = { identity: null, ...state };
  return { host: { ...NEW_RUN, ...fields, step: entry.step }, identity }; // its checksum says that it is what a run wrote
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
