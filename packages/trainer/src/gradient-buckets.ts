import { dispose, keep, type Collective, type PendingSums, type Tensor } from '@umt/tensor';

/** Bytes of gradients that are summed over the ranks in one go: few enough that the sums begin early, enough to be worth a message. */
const BUCKET_BYTES = 25 << 20;
/** The first bucket is small, so that the network has work from the start of the backward pass. */
const FIRST_BUCKET_BYTES = 1 << 20;

/** Gradients by the number of their parameter. */
type Numbered = readonly [index: number, gradient: Tensor];

/**
 * Sums gradients over the ranks while the backward pass goes on: each bucket starts when it is full, in the order in which
 * gradients become final, which is the same on all ranks.
 */
export class GradientBuckets {
  readonly #collective: Collective;
  readonly #started: { readonly indices: readonly number[]; readonly sums: PendingSums }[] = [];
  #filling: Numbered[] = [];
  #bytes = 0;

  constructor(collective: Collective) {
    this.#collective = collective;
  }

  /** Takes a gradient over. */
  add(index: number, gradient: Tensor): void {
    this.#filling.push([index, gradient]);
    this.#bytes += gradient.size * (gradient.dtype === 'float32' ? 4 : 2);
    if (this.#bytes >= (this.#started.length === 0 ? FIRST_BUCKET_BYTES : BUCKET_BYTES)) this.#start();
  }

  /** The sums by the numbers they were added under. They are in no scope and belong to the caller. */
  finish(): readonly Tensor[] {
    if (this.#filling.length > 0) this.#start();
    const gradients: Tensor[] = [];
    for (const { indices, sums } of this.#started.splice(0)) {
      for (const [place, sum] of sums.finish().entries()) gradients[indices[place] ?? -1] = keep(sum);
    }
    return gradients;
  }

  /** Disposes gradients that wait for their bucket to fill. */
  dispose(): void {
    dispose(this.#filling);
    this.#filling = [];
    this.#bytes = 0;
    this.#started.length = 0;
  }

  #start(): void {
    const bucket = this.#filling;
    this.#filling = [];
    this.#bytes = 0;
    const gradients = bucket.map(([, gradient]) => gradient);
    this.#started.push({
      indices: bucket.map(([index]) => index),
      sums: this.#collective.startAllReduceSum(gradients),
    });
    dispose(gradients);
  }
}
