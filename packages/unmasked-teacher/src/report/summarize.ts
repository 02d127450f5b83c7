import type { ReportData } from './report-data.ts';

/** A run in a few numbers. */
export interface RunSummary {
  /** Steps that `firstLoss` and `lastLoss` are means of. */
  readonly window: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** The last held-out loss; NaN where none was measured. */
  readonly heldOutLoss: number;
  /** Median over the steps. */
  readonly samplesPerSecond: number;
  readonly secondsPerStep: number;
  /** Mean over the steps, 0 to 1. */
  readonly dataWaitShare: number;
  /** Seconds that all steps took. */
  readonly seconds: number;
  /** Clips that passed through the student. */
  readonly clips: number;
}

/** Reduces a run's steps to the numbers the report shows first. NaN where there were no steps. */
export function summarize({
  steps,
  heldOut,
  clipsPerStep,
}: Pick<ReportData, 'steps' | 'heldOut' | 'clipsPerStep'>): RunSummary {
  const window = Math.max(1, Math.min(20, Math.floor(steps.length / 4)));
  const losses = steps.map(({ loss }) => loss).filter(Number.isFinite);
  const samplesPerSecond = median(steps.map((step) => step.samplesPerSecond).filter((speed) => speed > 0));
  return {
    window,
    firstLoss: mean(losses.slice(0, window)),
    lastLoss: mean(losses.slice(-window)),
    heldOutLoss: heldOut?.evaluations.at(-1)?.loss ?? Number.NaN,
    samplesPerSecond,
    secondsPerStep: clipsPerStep / samplesPerSecond,
    dataWaitShare: mean(steps.map((step) => step.dataWaitShare)),
    seconds: (steps.length * clipsPerStep) / samplesPerSecond,
    clips: steps.length * clipsPerStep,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
