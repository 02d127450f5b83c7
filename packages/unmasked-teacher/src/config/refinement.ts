/** What a check of several fields together reports to: the field to change and what it must be. */
export interface Refinement {
  /** Adds a complaint about the field at a path. */
  addIssue(issue: { readonly code: 'custom'; readonly path: string[]; readonly message: string }): void;
}

/** Reports by dotted field name. */
export type Complain = (field: string, message: string) => void;

/** A `complain(field, message)` that adds to a refinement. */
export function complainTo(context: Refinement): Complain {
  return (field, message) => context.addIssue({ code: 'custom', path: field.split('.'), message });
}

/** A warm-up in epochs is no longer than the run. */
export function checkWarmup(
  schedule: { readonly epochs: number; readonly warmupEpochs: number; readonly warmupSteps: number },
  complain: Complain,
): void {
  if (schedule.warmupSteps > 0 || schedule.warmupEpochs <= schedule.epochs) return;
  complain(
    'schedule.warmupEpochs',
    `must be at most schedule.epochs (${schedule.epochs}), not ${schedule.warmupEpochs}`,
  );
}

/** One number is a whole multiple of another. */
export function checkMultiple(
  complain: Complain,
  [field, value]: readonly [string, number],
  [of, divisor]: readonly [string, number],
): boolean {
  if (value % divisor === 0) return true;
  complain(field, `must be a multiple of ${of} (${divisor}), not ${value}`);
  return false;
}
