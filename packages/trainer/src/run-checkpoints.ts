import { singleProcess, type Collective } from '@umt/tensor';
import { BackgroundSaves } from './background-saves.ts';
import type { CheckpointEntry, CheckpointStore } from './checkpoint-store.ts';
import { DamagedCheckpointError, ResumeError } from './errors.ts';
import type { TrainingEvent } from './events.ts';
import type { FolderLock } from './folder-lock.ts';
import { asJson, type Json } from './json.ts';
import { keptSteps, notesOf, type CheckpointNotes } from './kept-checkpoints.ts';
import type { CheckpointOptions, TrainOptions } from './options.ts';
import type { Plan } from './plan.ts';
import {
  captureTrainingState,
  loadTrainingState,
  NEW_RUN,
  type CapturedState,
  type HostState,
  type Trained,
} from './training-state.ts';

/** When a run writes checkpoints, and where it goes on from one. Without a store it does neither. */
export class RunCheckpoints<Batch> {
  readonly #options: TrainOptions<Batch>;
  readonly #checkpoints: CheckpointOptions | undefined;
  readonly #plan: Plan;
  readonly #trained: Trained;
  readonly #collective: Collective;
  readonly #emit: (event: TrainingEvent) => void;
  readonly #now: () => number;
  readonly #identity: Json;
  readonly #saves: BackgroundSaves;
  #lock: FolderLock | null = null;
  #newestStep: number | null = null;
  /** The last step of which a checkpoint was begun or loaded: the same on all ranks, whatever became of it. */
  #lastStep: number | null = null;
  #isDue = false;
  #isDueForGood = false;
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
    this.#checkpoints = options.checkpoints;
    this.#plan = plan;
    this.#trained = trained;
    this.#collective = options.collective ?? singleProcess;
    this.#emit = emit;
    this.#now = now;
    this.#identity = identityOf(options, plan);
    const most = options.checkpoints?.maxFailedInARow ?? 3;
    this.#saves = new BackgroundSaves({
      most,
      onFailure: ({ message }, inARow) =>
        this.#warn(
          `${message}. ${this.#newestWords()}; training goes on and the next checkpoint tries again (failure ${inARow} of ${most})`,
        ),
    });
  }

  /** Step of the newest checkpoint of this run; null where it has none. */
  get newestStep(): number | null {
    return this.#newestStep;
  }

  /** Whether a checkpoint should be written as soon as the last step is known to be good. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /**
   * Keeps the store for this run and loads the checkpoint that the options ask for; a new run starts at step 0.
   *
   * @throws FolderInUseError where another run has the store
   * @throws ResumeError when the one asked for cannot be resumed, or every checkpoint of the store is damaged
   */
  async resume(): Promise<HostState> {
    const { store, resume = 'newest' } = this.#checkpoints ?? {};
    if (!store) return NEW_RUN;
    if (this.#collective.rank === 0) this.#lock = await store.lock();
    const { complete, damaged } = await store.list();
    if (resume === 'never') {
      if (complete.length === 0) return NEW_RUN;
      throw new ResumeError(
        `${store.place} already holds checkpoints (the newest of step ${complete[0]?.step}); resume from them, or choose another folder`,
      );
    }
    for (const message of damaged) this.#warn(message);
    const host =
      typeof resume === 'number'
        ? await this.#resumeAt(store, resume, complete)
        : await this.#loadFirst(store, complete);
    if (host) {
      for (let skipped = host.skippedInARow; skipped > 0; skipped--) this.stepTaken(host.step - skipped + 1);
      return host;
    }
    if (complete.length + damaged.length === 0) return NEW_RUN;
    throw new ResumeError(
      `none of the ${complete.length + damaged.length} checkpoints in ${store.place} can be read; choose another folder to start anew`,
    );
  }

  /** Notes that so many steps were taken, and with it what is due. */
  stepTaken(step: number): void {
    if (!this.#checkpoints) return;
    const { everySteps = 0, everyEpochs = 1, keepEverySteps = 0, keepEveryEpochs = 0 } = this.#checkpoints;
    const isAt = (steps: number) => steps > 0 && step % steps === 0;
    const { stepsPerEpoch } = this.#plan;
    this.#isDueForGood ||= isAt(keepEverySteps) || isAt(keepEveryEpochs * stepsPerEpoch);
    this.#isDue ||= this.#isDueForGood || isAt(everySteps) || isAt(everyEpochs * stepsPerEpoch);
  }

  /** Throws the error of a background save that ends the run, if there is one. */
  check(): void {
    this.#saves.check();
  }

  /**
   * Begins to write a checkpoint, unless nothing happened since the newest one, after waiting for the one before. Rank 0 writes.
   *
   * @param reason whether it is the one that was due, or an extra one
   * @param measured what was measured with these weights, where it was
   */
  async save(host: HostState, reason: 'due' | 'extra', measured: number | null = null): Promise<void> {
    if (!this.#checkpoints) return;
    const { store } = this.#checkpoints;
    const start = this.#now();
    const isScheduled = reason === 'due';
    const notes: CheckpointNotes = {
      isScheduled,
      isForGood: isScheduled && this.#isDueForGood,
      ...(measured !== null && { measured }),
    };
    if (isScheduled) this.#isDue = this.#isDueForGood = false;
    this.#lastStep = host.step;
    // what a rank that was lost left of the last sums must not be kept
    await this.#collective.barrier();
    if (this.#collective.rank > 0) {
      this.#newestStep = host.step;
      return;
    }
    await this.#saves.idle();
    if ((this.#newestStep ?? 0) === host.step) return;
    const state = captureTrainingState(this.#trained, host, this.#identity);
    const stallSeconds = this.#now() - start;
    this.#saves.begin(() => this.#write(store, state, notes, start, stallSeconds));
  }

  /**
   * Notes what was measured with the weights of a checkpoint, where one of this step was written.
   * @returns false where the best should be kept and there is no checkpoint of this step; the same on all ranks
   */
  async rate(step: number, measured: number): Promise<boolean> {
    if (!this.#checkpoints) return true;
    const { store, keepBest = 0 } = this.#checkpoints;
    if (this.#lastStep !== step) return keepBest === 0;
    if (this.#collective.rank > 0) return true;
    await this.#saves.idle();
    if (this.#newestStep !== step) return true; // it could not be written, which was said
    this.#saves.begin(async () => {
      await store.annotate(step, { measured });
      await this.#prune(store);
    });
    return true;
  }

  /**
   * Goes back to the newest checkpoint that was due: to the same one, wherever a run was stopped and resumed.
   * @returns what it holds; null where there is none
   */
  async rollBack(): Promise<HostState | null> {
    if (!this.#checkpoints) return null;
    const { store } = this.#checkpoints;
    if (this.#collective.rank === 0) await this.#saves.idle();
    await this.#collective.barrier();
    const { complete } = await store.list();
    const [newest, last] = [this.#newestStep, this.#lastStep];
    const host = await this.#loadFirst(
      store,
      complete.filter((entry) => notesOf(entry).isScheduled),
    );
    this.#newestStep = newest;
    this.#lastStep = last;
    return host;
  }

  /** Waits until everything is written. Throws where the last checkpoint could not be. */
  async finish(): Promise<void> {
    if (!this.#checkpoints) return;
    const detail = `checkpoint in ${this.#checkpoints.store.place}`;
    if (this.#saves.isBusy) this.#emit({ type: 'phase', phase: 'saving', detail, progress: null });
    await this.#saves.finish();
    await this.#collective.barrier();
  }

  /** Lets others use the store, once nothing is being written. Never throws. */
  async close(): Promise<void> {
    await this.#saves.idle().catch(() => {}); // what ended the run says why
    await this.#lock?.release();
  }

  async #write(
    store: CheckpointStore,
    state: CapturedState,
    notes: CheckpointNotes,
    start: number,
    stallSeconds: number,
  ): Promise<void> {
    const { step } = state.host;
    try {
      await this.#lock?.check();
      for (const abandoned of this.#abandoned) await store.remove(abandoned);
      this.#abandoned = [];
      await store.save(step, state.files, { ...notes });
    } finally {
      state.dispose();
    }
    this.#newestStep = step;
    await this.#prune(store);
    const seconds = this.#now() - start;
    this.#emit({ type: 'checkpoint', step, bytes: state.byteLength, seconds, stallSeconds, place: store.place });
  }

  async #prune(store: CheckpointStore): Promise<void> {
    const { keep = 3, keepBest = 0 } = this.#checkpoints ?? {};
    const better = this.#options.evaluation?.better ?? 'lower';
    try {
      await store.prune((complete) => keptSteps(complete, { newest: Math.max(1, keep), best: keepBest, better }));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#warn(`old checkpoints in ${store.place} could not be deleted: ${reason}`);
    }
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

  /** Loads the first that is whole; those that are not are named. */
  async #loadFirst(store: CheckpointStore, entries: readonly CheckpointEntry[]): Promise<HostState | null> {
    for (const entry of entries) {
      try {
        return await this.#load(store, entry);
      } catch (error) {
        if (!(error instanceof DamagedCheckpointError)) throw error;
        this.#warn(error.message);
      }
    }
    return null;
  }

  async #load(store: CheckpointStore, entry: CheckpointEntry): Promise<HostState> {
    const detail = `from step ${entry.step} in ${store.place}`;
    this.#emit({ type: 'phase', phase: 'resuming', detail, progress: null });
    const host = await loadTrainingState(store, entry, this.#trained, this.#identity);
    this.#newestStep = host.step;
    this.#lastStep = host.step;
    return host;
  }

  #newestWords(): string {
    return this.#newestStep === null ? 'There is no checkpoint yet' : `The one of step ${this.#newestStep} is whole`;
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
