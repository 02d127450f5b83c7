/**
 * A finite set of samples. The order of an epoch is a pure function of (seed, epoch), and a sample is a pure function of
 * (index, epoch): a resumed run needs nothing but its step.
 */
export interface Dataset<Sample> {
  /** Number of samples. */
  readonly length: number;
  /** Loads one sample, 0 <= index < length. Rejects with one clear line when it cannot be read. */
  sample(index: number, epoch: number): Promise<Sample>;
}
