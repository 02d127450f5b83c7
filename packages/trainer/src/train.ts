import { singleProcess } from '@umt/tensor';
import { AdamW } from './adamw-optimizer.ts';
import { LateValues } from './late-values.ts';
import { microBatches } from './micro-batches.ts';
import { nextTask } from './next-task.ts';
import type { TrainHooks, TrainOptions, TrainResult } from './options.ts';
import { planRun } from './plan.ts';
import { RunCheckpoints } from './run-checkpoints.ts';
import { RunLog } from './run-log.ts';
import { expectSameStart } from './same-start.ts';
import type { TrainingTask } from './task.ts';
import { Throughput } from './throughput.ts';
import { TrainingStep } from './training-step.ts';

/**
 * Trains: the whole loop, from the checkpoint it goes on from to the one it ends with. Short enough to copy and change.
 *
 * Nothing waits for the device inside a step: the values of a step are read while the next one is computed, and a step
 * whose loss or gradient norm is not finite is not applied, by selection on the device. The same options and seed give
 * the same losses, bit for bit on one engine, also across a stop or a crash.
 *
 * With a collective every rank calls this with the same options and batches of its own. Rank 0 alone writes checkpoints,
 * all read them; when any rank is asked to stop, all end after the same step.
 *
 * @throws TrainOptionsError when an option is out of range
 * @throws ResumeError when the checkpoints cannot be resumed, or ranks found different ones
 * @throws DivergedError after `maxSkippedInARow` steps in a row that were not finite
 */
export async function train<Batch>(
  task: TrainingTask<Batch>,
  options: TrainOptions<Batch>,
  hooks: TrainHooks = {},
): Promise<TrainResult> {
  const { onEvent: emit = () => {}, stopSignal, now = () => performance.now() / 1000 } = hooks;
  const { seed, epochs, collective = singleProcess, maxSkippedInARow = 5, averaging } = options;
  const plan = planRun(options);
  const { accumulationSteps, totalSteps, stepsPerEpoch, effectiveBatchSize } = plan;
  const begin = now();
  const optimizer = new AdamW(task.parameters, options.optimizer);
  const training = new TrainingStep(task, optimizer, collective, averaging);
  try {
    const checkpoints = new RunCheckpoints(
      options,
      plan,
      { parameters: task.parameters, optimizer, averaging },
      emit,
      now,
    );
    const resumed = await checkpoints.resume();
    const log = new RunLog({ plan, epochs, maxSkippedInARow, skippedBefore: resumed.skippedSteps, emit, now });
    await expectSameStart(collective, plan, resumed.step);
    const late = new LateValues(log);
    // ranks must end after the same step: with several, one that was asked says so in a step, and all read it of the next
    const stopIsDue = () => (collective.worldSize === 1 ? (stopSignal?.aborted ?? false) : log.stopWasAsked);
    const throughput = new Throughput(now);
    let step = resumed.step;
    let checkpointIsDue = false;

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
    if (step < totalSteps) emit({ type: 'phase', phase: 'compiling', detail: 'first step', progress: null });

    const data = microBatches(options.batches, plan, step, now, (seconds) => throughput.addWait(seconds));
    for await (const { batch, epoch, microStep } of data) {
      if (microStep === 0 && stopIsDue()) break;
      training.add(batch, { seed, step, epoch, microStep, accumulationSteps, collective });
      if (microStep < accumulationSteps - 1) continue;

      const rates = { learningRate: plan.learningRate(step), weightDecay: plan.weightDecay(step) };
      const { values, metricNames } = training.finish(rates, stopSignal?.aborted ?? false);
      if (step === resumed.step) emit({ type: 'phase', phase: 'training', detail: '', progress: null });
      step++;
      await late.push({ step, epoch, ...rates, speed: throughput.stepDone(), metricNames }, values);

      checkpointIsDue ||= checkpoints.isDue(step);
      if (checkpointIsDue) {
        await late.settle();
        if (log.lastStepWasApplied) {
          await checkpoints.save({ step, skippedSteps: log.skippedSteps });
          checkpointIsDue = false;
        }
        throughput.skipPause();
      }
      await nextTask();
      if (stopIsDue()) break;
    }

    await late.settle();
    const { skippedSteps } = log;
    await checkpoints.save({ step, skippedSteps });
    const { newestStep: checkpointStep } = checkpoints;
    const seconds = now() - begin;
    const outcome = step < totalSteps ? 'stopped' : 'done';
    if (outcome === 'done') emit({ type: 'done', step, seconds, skippedSteps });
    else emit({ type: 'stopped', step, totalSteps, seconds, checkpointStep });
    return { outcome, step, totalSteps, skippedSteps, checkpointStep };
  } finally {
    training.dispose();
    optimizer.dispose();
  }
}
