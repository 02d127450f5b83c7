import { DivergedError, type SkippedStep } from './errors.ts';
import type { TrainingEvent } from './events.ts';
import type { Plan } from './plan.ts';
import type { Speed } from './throughput.ts';
import type { HostState } from './training-state.ts';

/** What the host knows about a step before its values were read. */
export interface StepRecord {
  /** Steps taken, this one included. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly speed: Speed;
  readonly metricNames: readonly string[];
  /** What people call the samples of the step on this rank. */
  readonly samples: readonly string[];
}

/** Options of `RunLog`. */
export interface RunLogOptions {
  readonly plan: Plan;
  readonly epochs: number;
  readonly maxSkippedInARow: number;
  /** What the run was resumed from. */
  readonly resumed: HostState;
  readonly emit: (event: TrainingEvent) => void;
  readonly now: () => number;
}

/** Turns what was read from the device into events, and tells when a run has diverged. */
export class RunLog {
  readonly #options: RunLogOptions;
  readonly #skipped: SkippedStep[] = [];
  readonly #epochMetrics = new Map<string, number>();
  #epochLoss = 0;
  #epochSteps = 0;
  #epochStart: number;
  #lastFinite: SkippedStep | null = null;
  #skippedSteps: number;
  #skippedInARow: number;
  /** The step at which there were too many skipped in a row; null where there were not. */
  #divergedAt: number | null;
  #stopWasAsked = false;

  constructor(options: RunLogOptions) {
    const { step, skippedSteps, skippedInARow } = options.resumed;
    this.#options = options;
    this.#skippedSteps = skippedSteps;
    this.#skippedInARow = skippedInARow;
    this.#divergedAt = skippedInARow >= options.maxSkippedInARow ? step : null;
    this.#epochStart = options.now();
  }

  /** Skipped steps of the whole run. */
  get skippedSteps(): number {
    return this.#skippedSteps;
  }

  /** Whether any rank had been asked to stop when a step was reported: what all ranks find true after the same step. */
  get stopWasAsked(): boolean {
    return this.#stopWasAsked;
  }

  /** Skipped steps up to the last that was reported, without one between that was not. */
  get skippedInARow(): number {
    return this.#skippedInARow;
  }

  /** Whether the last reported step was applied, so that a checkpoint of it is worth keeping. */
  get lastStepWasApplied(): boolean {
    return this.#skippedInARow === 0 && this.#divergedAt === null;
  }

  /** Whether too many steps in a row were skipped. */
  get hasDiverged(): boolean {
    return this.#divergedAt !== null;
  }

  /**
   * Whether to go back to a checkpoint now that so many steps were taken: one step after the one that was too much, because that is
   * when its values usually arrive, and a run that was resumed must do it at the same step.
   */
  rollBackIsDue(step: number): boolean {
    return this.#divergedAt !== null && step > this.#divergedAt;
  }

  /** The run went back: what was skipped since is over and done with. */
  rolledBack(skippedSteps: number): void {
    this.#skippedSteps = skippedSteps;
    this.#skippedInARow = 0;
    this.#divergedAt = null;
    this.#skipped.length = 0;
  }

  /** The skipped steps in a row that this log has seen. */
  get skipped(): readonly SkippedStep[] {
    return [...this.#skipped];
  }

  /** The error of a run that has diverged for good. */
  divergence(whyNoRollBack: string): DivergedError {
    return new DivergedError(`${divergence(this.#skipped, this.#lastFinite)}; ${whyNoRollBack}`, this.skipped);
  }

  /**
   * Reports one step.
   *
   * @param values [loss, ...metrics, ranks that were asked to stop, gradient norm, 1 if the update was applied]
   */
  report(record: StepRecord, values: ArrayLike<number>): void {
    const { step, epoch, learningRate, samples } = record;
    const loss = values[0] ?? NaN;
    const gradientNorm = values[values.length - 2] ?? NaN;
    const facts = { step, loss, gradientNorm, learningRate, samples };
    this.#stopWasAsked ||= (values[values.length - 3] ?? 0) > 0;
    if (values[values.length - 1] === 1) {
      this.#skippedInARow = 0;
      if (this.#divergedAt === null) {
        this.#skipped.length = 0;
        this.#lastFinite = facts;
      }
      this.#reportApplied(record, values, facts);
    } else {
      this.#reportSkipped(epoch, facts);
    }
    if (step % this.#options.plan.stepsPerEpoch === 0) this.#reportEpoch(record);
  }

  #reportApplied(record: StepRecord, values: ArrayLike<number>, facts: SkippedStep): void {
    const { plan, epochs, emit } = this.#options;
    const { secondsPerStep, dataWaitShare } = record.speed;
    const metrics = Object.fromEntries(record.metricNames.map((name, index) => [name, values[index + 1] ?? NaN]));
    this.#epochSteps++;
    this.#epochLoss += facts.loss;
    for (const [name, value] of Object.entries(metrics)) {
      this.#epochMetrics.set(name, (this.#epochMetrics.get(name) ?? 0) + value);
    }
    const { step, loss, learningRate, gradientNorm } = facts;
    emit({
      type: 'step',
      ...{ step, loss, learningRate, gradientNorm },
      totalSteps: plan.totalSteps,
      epoch: record.epoch,
      epochs,
      weightDecay: record.weightDecay,
      samplesPerSecond: plan.effectiveBatchSize / secondsPerStep,
      dataWaitShare,
      secondsLeft: (plan.totalSteps - record.step) * secondsPerStep,
      metrics,
    });
  }

  #reportSkipped(epoch: number, facts: SkippedStep): void {
    const { emit, maxSkippedInARow } = this.#options;
    this.#skipped.push(facts);
    this.#skippedInARow++;
    this.#skippedSteps++;
    emit({ type: 'skipped', ...facts, epoch, consecutive: this.#skippedInARow, total: this.#skippedSteps });
    if (this.#skippedInARow >= maxSkippedInARow) this.#divergedAt ??= facts.step;
  }

  #reportEpoch({ step, epoch }: StepRecord): void {
    const { epochs, emit, now } = this.#options;
    const metrics = [...this.#epochMetrics].map(([name, sum]) => [name, sum / this.#epochSteps]);
    emit({
      type: 'epoch',
      epoch,
      epochs,
      step,
      loss: this.#epochLoss / this.#epochSteps,
      metrics: Object.fromEntries(metrics),
      seconds: now() - this.#epochStart,
    });
    this.#epochMetrics.clear();
    this.#epochLoss = 0;
    this.#epochSteps = 0;
    this.#epochStart = now();
  }
}

function divergence(skipped: readonly SkippedStep[], lastFinite: SkippedStep | null): string {
  const steps =
    skipped.length === 1 ? `step ${skipped[0]?.step}` : `steps ${skipped[0]?.step} to ${skipped.at(-1)?.step}`;
  const each = skipped.map(({ loss, gradientNorm }) => `loss ${loss} with gradient norm ${gradientNorm}`);
  const before = lastFinite
    ? `the last good one was step ${lastFinite.step} (loss ${short(lastFinite.loss)}, gradient norm ${short(lastFinite.gradientNorm)}, learning rate ${short(lastFinite.learningRate)})`
    : 'no step before them was good';
  return (
    `training has diverged: ${skipped.length} steps in a row were not finite (${steps}: ${[...new Set(each)].join('; ')}), ` +
    `learning rate ${short(skipped.at(-1)?.learningRate ?? NaN)}; ${before}. No weight was changed by them. ` +
    'Lower the learning rate, lengthen the warm-up or limit the gradient norm, and look at the samples of these steps'
  );
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
