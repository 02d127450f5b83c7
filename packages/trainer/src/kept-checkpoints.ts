import type { CheckpointEntry } from './checkpoint-store.ts';

/** Which checkpoints stay when a new one was written. */
export interface KeepRules {
  /** How many of the newest. */
  readonly newest: number;
  /** How many of those with the best measurement. */
  readonly best: number;
  /** Which measurements are the better ones. */
  readonly better: 'lower' | 'higher';
}

/** What a run notes of a checkpoint in its manifest, so that a run that goes on later keeps the right ones. */
export interface CheckpointNotes {
  /** Written because it was due: every run with these options has it. One of a run that was stopped is not. */
  readonly isScheduled: boolean;
  /** Never deleted. */
  readonly isForGood: boolean;
  /** What was measured with these weights. */
  readonly measured?: number;
}

/** The notes of a checkpoint. */
export function notesOf({ metadata }: CheckpointEntry): CheckpointNotes {
  const { isScheduled, isForGood, measured } = metadata;
  return {
    isScheduled: isScheduled !== false,
    isForGood: isForGood === true,
    ...(typeof measured === 'number' && { measured }),
  };
}

/**
 * The steps of the checkpoints that stay: the newest, the newest that was due (what a run that diverges goes back to), those for good,
 * and the best of those that were measured, of equal ones the earlier.
 *
 * @param complete newest first
 */
export function keptSteps(complete: readonly CheckpointEntry[], rules: KeepRules): ReadonlySet<number> {
  const steps = (entries: readonly CheckpointEntry[]) => entries.map(({ step }) => step);
  const scheduled = complete.filter((entry) => notesOf(entry).isScheduled);
  const sign = rules.better === 'lower' ? 1 : -1;
  const measured = complete
    .flatMap((entry) => {
      const { measured: value } = notesOf(entry);
      return value === undefined ? [] : [{ step: entry.step, value }];
    })
    .sort((a, b) => sign * (a.value - b.value) || a.step - b.step);
  return new Set([
    ...steps(complete.slice(0, rules.newest)),
    ...steps(scheduled.slice(0, 1)),
    ...steps(complete.filter((entry) => notesOf(entry).isForGood)),
    ...measured.slice(0, rules.best).map(({ step }) => step),
  ]);
}
