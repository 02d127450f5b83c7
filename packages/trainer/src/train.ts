import { singleProcess } from '@umt/tensor';
import { AdamW } from './adamw-optimizer.ts';
import { LateValues } from './late-values.ts';
import { microBatches } from './micro-batches.ts';
import { nextTask } from './next-task.ts';
import type { TrainHooks, TrainOptions, TrainResult } from './options.ts';
import { planRun } from './plan.ts';
import { RunCheckpoints } from './run-checkpoints.ts';
import { RunEvaluation } from './run-evaluation.ts';
import { RunLog } from './run-log.ts';
import { expectSameStart } from './same-start.ts';
import type { TrainingTask } from './task.ts';
import { Throughput } from './throughput.ts';
import { TrainingStep } from './training-step.ts';

/**
 * Trains: the whole loop, from the checkpoint it goes on from to the one it ends with. Short enough to copy and change.
 *
 * Nothing waits for the device inside a step: the values of a step are read while the next one is computed, and a step
 * whose loss or gradient norm is not finite is not applied, by selection on the device. Checkpoints are written while
 * training goes on. The same options and seed give the same losses, bit for bit on one engine, also across a stop, a
 * crash or a roll-back.
 *
 * With a collective every rank calls this with the same options and batches of its own. Rank 0 alone writes checkpoints,
 * all read them; when any rank is asked to stop, all end after the same step.
 *
 * @throws TrainOptionsError when an option is out of range
 * @throws FolderInUseError when another run has the checkpoint store
 * @throws ResumeError when the checkpoints cannot be resumed, or ranks found different ones
 * @throws CheckpointWriteError when checkpoints could not be written several times in a row, or the last one
 * @throws DivergedError after `maxSkippedInARow` steps in a row that were not finite, where going back does not help
 */
export async function train<Batch>(
  task: TrainingTask<Batch>,
  options: TrainOptions<Batch>,
  hooks: TrainHooks = {},
): Promise<TrainResult> {
  const { onEvent: emit = () => {}, stopSignal, now = () => performance.now() / 1000 } = hooks;
  const { seed, epochs, batches, collective = singleProcess, averaging } = options;
  const { maxSkippedInARow = 5, maxRollBacks = 3 } = options;
  const plan = planRun(options);
  const { accumulationSteps, totalSteps, stepsPerEpoch, effectiveBatchSize } = plan;
  const begin = now();
  const optimizer = new AdamW(task.parameters, options.optimizer);
  const training = new TrainingStep(task, optimizer, collective, averaging);
  const trained = { parameters: task.parameters, optimizer, averaging };
  const checkpoints = new RunCheckpoints(options, plan, trained, emit, now);
  try {
    const resumed = await checkpoints.resume();
    let { step, rollBacks } = resumed;
    await expectSameStart(collective, plan, step);
    const log = new RunLog({ plan, epochs, maxSkippedInARow, resumed, emit, now });
    const late = new LateValues(log);
    const evaluation = new RunEvaluation(options.evaluation, plan, resumed, collective);
    const throughput = new Throughput(now);
    const isAlone = collective.worldSize === 1;
    // ranks must end after the same step: with several, one that was asked says so in a step, and all read it of the next
    const stopIsDue = () => (isAlone ? (stopSignal?.aborted ?? false) : log.stopWasAsked);

    const save = (reason: 'due' | 'extra', measured: number | null = null) => {
      const { skippedSteps, skippedInARow } = log;
      const { best, measuredStep } = evaluation;
      return checkpoints.save({ step, skippedSteps, skippedInARow, rollBacks, best, measuredStep }, reason, measured);
    };
    const measure = async () => {
      const found = await evaluation.measure(step);
      if (!found) return;
      const isNoted = await checkpoints.rate(step, found.value);
      if (found.isBest && !isNoted) await save('extra', found.value);
    };
    const rollBack = async () => {
      if (rollBacks >= maxRollBacks) throw log.divergence(`it went back to a checkpoint ${rollBacks} times already`);
      await late.settle();
      const host = await checkpoints.rollBack();
      if (!host) throw log.divergence('there is no checkpoint to go back to');
      rollBacks++;
      emit({ type: 'rollback', step, toStep: host.step, rollBacks, maxRollBacks, skipped: log.skipped });
      log.rolledBack(host.skippedSteps + step - host.step);
    };

    emit({
      type: 'start',
      firstStep: step,
      totalSteps,
      stepsPerEpoch,
      epochs,
      effectiveBatchSize,
      trainableParameters: optimizer.size,
      device: optimizer.device,
    });
    if (step < totalSteps && evaluation.isDue(step) && !stopIsDue()) await measure();
    if (step < totalSteps) emit({ type: 'phase', phase: 'compiling', detail: 'first step', progress: null });

    const data = microBatches(batches, plan, step, {
      now,
      onWait: (seconds) => throughput.addWait(seconds),
      stopSignal: isAlone ? stopSignal : undefined,
    });
    const samples: string[] = [];
    for await (const { batch, epoch, microStep } of data) {
      if (stopIsDue() && (isAlone || microStep === 0)) break;
      training.add(batch, { seed, step, epoch, microStep, accumulationSteps, collective });
      samples.push(...(batches.describe?.(batch) ?? []));
      if (microStep < accumulationSteps - 1) {
        await nextTask();
        continue;
      }

      const rates = { learningRate: plan.learningRate(step), weightDecay: plan.weightDecay(step) };
      const { values, metricNames } = training.finish(rates, stopSignal?.aborted ?? false);
      if (step === resumed.step) emit({ type: 'phase', phase: 'training', detail: '', progress: null });
      step++;
      const record = { step, epoch, ...rates, metricNames, samples: samples.splice(0) };
      await late.push({ ...record, speed: throughput.stepDone() }, values);

      checkpoints.check();
      checkpoints.stepTaken(step);
      if (log.rollBackIsDue(step)) await rollBack();
      else if (checkpoints.isDue) {
        await late.settle();
        if (log.lastStepWasApplied) await save('due');
        throughput.skipPause();
      }
      if (step < totalSteps && evaluation.isDue(step) && !stopIsDue()) {
        await late.settle();
        await measure();
        throughput.skipPause();
      }
      await nextTask();
      if (stopIsDue()) break;
    }

    await late.settle();
    const outcome = step < totalSteps ? 'stopped' : 'done';
    if (step === plan.scheduleSteps && log.hasDiverged) await rollBack();
    await save('extra');
    if (outcome === 'done' && !stopIsDue()) await measure();
    await checkpoints.finish();
    const { skippedSteps } = log;
    const { newestStep: checkpointStep } = checkpoints;
    const seconds = now() - begin;
    if (outcome === 'done') emit({ type: 'done', step, seconds, skippedSteps });
    else emit({ type: 'stopped', step, totalSteps, seconds, checkpointStep });
    return { outcome, step, totalSteps, skippedSteps, checkpointStep, rollBacks, best: evaluation.best };
  } finally {
    await checkpoints.close();
    training.dispose();
    optimizer.dispose();
  }
}
