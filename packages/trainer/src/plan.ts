import { singleProcess } from '@umt/tensor';
import { TrainOptionsError } from './errors.ts';
import type { TrainOptions } from './options.ts';
import { warmupCosine, warmupStepsOf, type Schedule } from './schedule.ts';

/** The arithmetic of a run, worked out before its first step. */
export interface Plan {
  readonly stepsPerEpoch: number;
  /** Length of the schedule. */
  readonly scheduleSteps: number;
  /** Steps at which the run ends: the schedule's, or fewer where `maxSteps` says so. */
  readonly totalSteps: number;
  readonly accumulationSteps: number;
  /** Samples per optimizer step over all micro-batches and ranks. */
  readonly effectiveBatchSize: number;
  readonly learningRate: Schedule;
  readonly weightDecay: Schedule;
}

/**
 * Works out steps and schedules. Steps per epoch come from the batch source itself, so the schedule always covers every
 * step that the data gives, and batches that do not fill a step are never asked for.
 *
 * @throws TrainOptionsError naming the option that is out of range
 */
export function planRun<Batch>(options: TrainOptions<Batch>): Plan {
  const { batches, epochs, accumulationSteps = 1, learningRate, optimizer = {}, maxSteps = Infinity } = options;
  requireWhole('seed', options.seed, 0);
  requireWhole('epochs', epochs, 1);
  requireWhole('accumulationSteps', accumulationSteps, 1);
  requireWhole('batches.batchSize', batches.batchSize, 1);
  requireWhole('batches.batchesPerEpoch', batches.batchesPerEpoch, 0);
  requireWhole('maxSkippedInARow', options.maxSkippedInARow ?? 1, 1);
  requireWhole('maxRollBacks', options.maxRollBacks ?? 0, 0);
  requireCheckpoints(options.checkpoints);
  if (maxSteps !== Infinity) requireWhole('maxSteps', maxSteps, 0);
  const stepsPerEpoch = Math.floor(batches.batchesPerEpoch / accumulationSteps);
  if (stepsPerEpoch === 0) {
    throw new TrainOptionsError(
      `an epoch of ${batches.batchesPerEpoch} batches holds no step of ${accumulationSteps}; use smaller batches, fewer accumulation steps or more data`,
    );
  }
  const scheduleSteps = epochs * stepsPerEpoch;
  const weightDecay = optimizer.weightDecay ?? 0.05;
  const worldSize = (options.collective ?? singleProcess).worldSize;
  return {
    stepsPerEpoch,
    scheduleSteps,
    totalSteps: Math.min(scheduleSteps, maxSteps),
    accumulationSteps,
    effectiveBatchSize: batches.batchSize * accumulationSteps * worldSize,
    learningRate: warmupCosine({
      peak: requireRate('learningRate.peak', learningRate.peak),
      final: requireRate('learningRate.final', learningRate.final),
      start: requireRate('learningRate.start', learningRate.start ?? 0),
      warmupSteps: requireWhole('the warm-up in steps', warmupStepsOf(learningRate, stepsPerEpoch), 0),
      totalSteps: scheduleSteps,
    }),
    weightDecay: warmupCosine({
      peak: requireRate('optimizer.weightDecay', weightDecay),
      final: requireRate('optimizer.finalWeightDecay', optimizer.finalWeightDecay ?? weightDecay),
      start: 0,
      warmupSteps: 0,
      totalSteps: scheduleSteps,
    }),
  };
}

function requireCheckpoints(options: TrainOptions<unknown>['checkpoints']): void {
  const { everySteps, everyEpochs, keep, keepBest, keepEverySteps, keepEveryEpochs, maxFailedInARow } = options ?? {};
  for (const [name, value] of Object.entries({ everySteps, everyEpochs, keepBest, keepEverySteps, keepEveryEpochs })) {
    requireWhole(`checkpoints.${name}`, value ?? 0, 0);
  }
  for (const [name, value] of Object.entries({ keep, maxFailedInARow })) {
    requireWhole(`checkpoints.${name}`, value ?? 1, 1);
  }
}

function requireWhole(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new TrainOptionsError(`${name} must be a whole number from ${least} on, got ${value}`);
}

function requireRate(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new TrainOptionsError(`${name} must be a finite number that is not negative, got ${value}`);
}
