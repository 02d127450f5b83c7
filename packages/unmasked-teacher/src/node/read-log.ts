import { readFile } from 'node:fs/promises';
import type { AccuracyPoint } from '../report/render-finetune-report.ts';
import type { HeldOutSummary, StepPoint } from '../report/report-data.ts';

/** A run's log, put in order. */
export interface LoggedRun {
  /** One point per step, ascending. */
  readonly steps: readonly StepPoint[];
  readonly evaluations: HeldOutSummary['evaluations'];
  /** Of a classifier, ascending. */
  readonly accuracies: readonly AccuracyPoint[];
}

/**
 * Reads what a run has logged, over all its starts: a start that goes on after a step voids what came later before, as going back to a checkpoint
 * does, and of two lines for a step the later one counts. A last line that a kill cut off is left out.
 */
export async function readLog(path: string): Promise<LoggedRun> {
  const steps = new Map<number, StepPoint>();
  const evaluations = new Map<number, number>();
  const accuracies = new Map<number, AccuracyPoint>();
  for (const event of parseLines(await readFile(path, 'utf8'))) {
    if (event['type'] === 'start' || event['type'] === 'rollback') {
      const first = numberOf(event[event['type'] === 'start' ? 'firstStep' : 'toStep']);
      for (const map of [steps, evaluations, accuracies])
        for (const step of map.keys()) if (step > first) map.delete(step);
    } else if (event['type'] === 'step') {
      steps.set(numberOf(event['step']), stepOf(event));
    } else if (event['type'] === 'evaluation') {
      evaluations.set(numberOf(event['step']), numberOf(event['loss']));
    } else if (event['type'] === 'accuracy') {
      accuracies.set(numberOf(event['step']), accuracyOf(event));
    }
  }
  return {
    steps: [...steps.values()].sort((a, b) => a.step - b.step),
    accuracies: [...accuracies.values()].sort((a, b) => a.step - b.step),
    evaluations: [...evaluations].map(([step, loss]) => ({ step, loss })).sort((a, b) => a.step - b.step),
  };
}

type LoggedEvent = Readonly<Record<string, unknown>>;

function* parseLines(text: string): Generator<LoggedEvent> {
  for (const line of text.split('\n')) {
    try {
      const event: unknown = JSON.parse(line);
      if (typeof event === 'object' && event !== null) yield { ...event };
    } catch {
      continue; // cut off by a kill, or the end
    }
  }
}

function stepOf(event: LoggedEvent): StepPoint {
  return {
    step: numberOf(event['step']),
    loss: numberOf(event['loss']),
    learningRate: numberOf(event['learningRate']),
    samplesPerSecond: numberOf(event['samplesPerSecond']),
    dataWaitShare: numberOf(event['dataWaitShare']),
  };
}

function accuracyOf(event: LoggedEvent): AccuracyPoint {
  return {
    step: numberOf(event['step']),
    top1: numberOf(event['top1']),
    top5: numberOf(event['top5']),
    loss: numberOf(event['loss']),
  };
}

/** Numbers that JSON cannot hold are logged as words. */
function numberOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
}
