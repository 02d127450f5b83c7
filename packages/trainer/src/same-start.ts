import { dispose, keep, read, scope, tensor, type Collective } from '@umt/tensor';
import { ResumeError, TrainOptionsError } from './errors.ts';
import type { Plan } from './plan.ts';

/**
 * Makes sure that all ranks begin at the same step of a run of the same length. Ranks that cannot see each other's
 * checkpoints, or have other videos, would train into the void.
 *
 * @throws ResumeError when they resumed from different steps
 * @throws TrainOptionsError when their runs differ in length
 */
export async function expectSameStart(collective: Collective, plan: Plan, step: number): Promise<void> {
  if (collective.worldSize === 1) return;
  const { stepsPerEpoch, totalSteps } = plan;
  const all = scope(() => keep(collective.allGather(tensor([step, stepsPerEpoch, totalSteps], [1, 3]))));
  const values = await read(all).finally(() => dispose(all));
  for (let rank = 1; rank < collective.worldSize; rank++) {
    const [its, rank0s] = [values.slice(3 * rank, 3 * rank + 3), values.slice(0, 3)];
    if (its[0] !== rank0s[0]) {
      throw new ResumeError(
        `rank ${rank} would begin at step ${its[0]}, rank 0 at step ${rank0s[0]}: all must see the same checkpoints, in a folder that their machines share`,
      );
    }
    if (its[1] !== rank0s[1] || its[2] !== rank0s[2]) {
      throw new TrainOptionsError(
        `rank ${rank} has ${its[2]} steps, ${its[1]} in an epoch, rank 0 has ${rank0s[2]} and ${rank0s[1]}: all must have the same options and data`,
      );
    }
  }
}
