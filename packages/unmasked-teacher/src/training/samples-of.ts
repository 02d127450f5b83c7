import type { StepContext } from '@umt/trainer';

/** Of each clip, its place in the whole batch of the step, over accumulated micro-batches and ranks. */
export function samplesOf(clips: number, { microStep, collective }: StepContext): readonly number[] {
  const { rank, worldSize } = collective;
  return Array.from({ length: clips }, (_, clip) => (microStep * worldSize + rank) * clips + clip);
}
