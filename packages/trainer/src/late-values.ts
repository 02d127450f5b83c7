import { read, type Tensor } from '@umt/tensor';
import type { RunLog, StepRecord } from './run-log.ts';

/** Reads what steps leave on the device one step late: the copy is under way while the next step is computed. */
export class LateValues {
  readonly #log: RunLog;
  #pending: { readonly record: StepRecord; readonly values: Promise<ArrayLike<number>> } | null = null;

  constructor(log: RunLog) {
    this.#log = log;
  }

  /** Takes the values of a step over, starts to read them, and reports those of the step before. */
  async push(record: StepRecord, values: Tensor): Promise<void> {
    const reading = read(values).finally(() => values.dispose());
    reading.catch(() => {}); // awaited by the next push or settle; a run that ends by another error never gets there
    const previous = this.#pending;
    this.#pending = { record, values: reading };
    if (previous) this.#log.report(previous.record, await previous.values);
  }

  /** Waits for the values of the last step and reports them. */
  async settle(): Promise<void> {
    const last = this.#pending;
    this.#pending = null;
    if (last) this.#log.report(last.record, await last.values);
  }
}
