import { singleProcess, type Collective } from '@umt/tensor';
import type { CheckpointEntry, CheckpointStore } from './checkpoint-store.ts';
import { DamagedCheckpointError, ResumeError } from './errors.ts';
import type { TrainingEvent } from './events.ts';
import { asJson, type Json } from './json.ts';
import type { TrainOptions } from './options.ts';
import type { Plan } from './plan.ts';
import { loadTrainingState, saveTrainingState, type HostState, type Trained } from './training-state.ts';

const NEW_RUN: HostState = { step: 0, skippedSteps: 0 };

/** When a run writes checkpoints, and where it goes on from one. Without a store it does neither. */
export class RunCheckpoints<Batch> {
  readonly #options: TrainOptions<Batch>;
  readonly #plan: Plan;
  readonly #trained: Trained;
  readonly #collective: Collective;
  readonly #emit: (event: TrainingEvent) => void;
  readonly #now: () => number;
  readonly #identity: Json;
  #newestStep: number | null = null;
  /** Steps of checkpoints that lie in the future of the one resumed from, until the first new one is written. */
  #abandoned: readonly number[] = [];

  constructor(
    options: TrainOptions<Batch>,
    plan: Plan,
    trained: Trained,
    emit: (event: TrainingEvent) => void,
    now: () => number,
  ) {
    this.#options = options;
    this.#plan = plan;
    this.#trained = trained;
    this.#collective = options.collective ?? singleProcess;
    this.#emit = emit;
    this.#now = now;
    this.#identity = identityOf(options, plan);
  }

  /** Step of the newest checkpoint of this run; null where it has none. */
  get newestStep(): number | null {
    return this.#newestStep;
  }

  /**
   * Loads the checkpoint that the options ask for; a new run starts at step 0.
   * @throws ResumeError when the one asked for cannot be resumed, or every checkpoint of the store is damaged
   */
  async resume(): Promise<HostState> {
    const { store, resume = 'newest' } = this.#options.checkpoints ?? {};
    if (!store) return NEW_RUN;
    const { complete, damaged } = await store.list();
    if (resume === 'never') {
      if (complete.length === 0) return NEW_RUN;
      throw new ResumeError(
        `${store.place} already holds checkpoints (the newest of step ${complete[0]?.step}); resume from them, or choose another folder`,
      );
    }
    for (const message of damaged) this.#warn(message);
    if (typeof resume === 'number') return this.#resumeAt(store, resume, complete);
    for (const entry of complete) {
      const host = await this.#load(store, entry).catch((error: unknown) => {
        if (!(error instanceof DamagedCheckpointError)) throw error;
        this.#warn(error.message);
      });
      if (host) return host;
    }
    if (complete.length + damaged.length === 0) return NEW_RUN;
    throw new ResumeError(
      `none of the ${complete.length + damaged.length} checkpoints in ${store.place} can be read; choose another folder to start anew`,
    );
  }

  /** Whether a checkpoint should be written after so many steps. */
  isDue(step: number): boolean {
    const { checkpoints } = this.#options;
    if (!checkpoints) return false;
    const { everySteps = 0, everyEpochs = 1 } = checkpoints;
    const byEpochs = everyEpochs * this.#plan.stepsPerEpoch;
    return (everySteps > 0 && step % everySteps === 0) || (byEpochs > 0 && step % byEpochs === 0);
  }

  /** Writes a checkpoint, unless nothing happened since the newest one, and deletes old ones. Rank 0 writes, the others wait for it. */
  async save(host: HostState): Promise<void> {
    const { checkpoints } = this.#options;
    if (!checkpoints || (this.#newestStep ?? 0) === host.step) return;
    // what a rank that was lost left of the last sums must not be kept
    await this.#collective.barrier();
    if (this.#collective.rank === 0) await this.#write(checkpoints.store, host, checkpoints.keep ?? 3);
    await this.#collective.barrier();
    this.#newestStep = host.step;
  }

  async #write(store: CheckpointStore, host: HostState, keep: number): Promise<void> {
    const start = this.#now();
    this.#emit({ type: 'phase', phase: 'saving', detail: `checkpoint of step ${host.step}`, progress: null });
    for (const step of this.#abandoned) await store.remove(step);
    this.#abandoned = [];
    const bytes = await saveTrainingState(store, this.#trained, host, this.#identity);
    await store.prune(Math.max(1, keep));
    this.#emit({ type: 'checkpoint', step: host.step, bytes, seconds: this.#now() - start, place: store.place });
  }

  async #resumeAt(store: CheckpointStore, step: number, complete: readonly CheckpointEntry[]): Promise<HostState> {
    const entry = complete.find((candidate) => candidate.step === step);
    if (!entry) {
      const steps = complete.map((candidate) => candidate.step).join(', ');
      throw new ResumeError(
        `${store.place} holds no complete checkpoint of step ${step}; ${steps === '' ? 'it holds none at all' : `it holds ${steps}`}`,
      );
    }
    const host = await this.#load(store, entry);
    this.#abandoned = complete.map((candidate) => candidate.step).filter((later) => later > step);
    if (this.#abandoned.length > 0) {
      this.#warn(
        `resumed from step ${step}: the later checkpoints in ${store.place} (${this.#abandoned.join(', ')}) are deleted when the first new one is written`,
      );
    }
    return host;
  }

  async #load(store: CheckpointStore, entry: CheckpointEntry): Promise<HostState> {
    const detail = `from step ${entry.step} in ${store.place}`;
    this.#emit({ type: 'phase', phase: 'resuming', detail, progress: null });
    const host = await loadTrainingState(store, entry, this.#trained, this.#identity);
    this.#newestStep = host.step;
    return host;
  }

  #warn(message: string): void {
    this.#emit({ type: 'warning', message });
  }
}

/** Everything that makes one run give other losses than another. */
function identityOf<Batch>(options: TrainOptions<Batch>, plan: Plan): Json {
  const { seed, epochs, learningRate, optimizer = {}, averaging, config = {} } = options;
  const { stepsPerEpoch, effectiveBatchSize } = plan;
  return asJson({
    ...{ seed, epochs, stepsPerEpoch, effectiveBatchSize, learningRate, optimizer, config },
    ...(averaging && { averaging: { decay: averaging.decay } }),
  });
}
