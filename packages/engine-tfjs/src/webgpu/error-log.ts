import { GpuError, GpuLostError, type GpuErrorKind } from './errors.ts';

const KINDS: readonly GpuErrorKind[] = ['validation', 'out-of-memory', 'internal'];

/** How long a failed read waits to hear whether the device was lost: the two are reported separately. */
const LOSS_GRACE_MILLISECONDS = 100;

/**
 * Hears everything a device reports. A GPU reports late and to nobody in particular; unheard, a failed dispatch leaves
 * its output as it was and computing goes on. Error scopes stay open all the time and are looked into at each read.
 */
export class GpuErrorLog {
  /** Settles once the device is gone. */
  readonly lost: Promise<GpuLostError>;
  readonly #device: GPUDevice;
  readonly #strays: GpuError[] = [];
  #loss: GpuLostError | null = null;
  #pending: Promise<GpuError | null> | null = null;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.lost = device.lost.then(({ reason, message }) => {
      this.#loss = new GpuLostError(reason ?? 'unknown', message);
      return this.#loss;
    });
    device.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      event.preventDefault();
      this.#strays.push(new GpuError(kindOf(error), error.message));
    });
    this.#open();
  }

  /** Why the device is gone; null while it is there. */
  get loss(): GpuLostError | null {
    return this.#loss;
  }

  /**
   * The first error since the last call, or null. Call it once the work in question is submitted. Calls that overlap share
   * what they find: each may have read what another's failure left behind.
   */
  async check(): Promise<GpuError | null> {
    const previous = this.#pending;
    const found = this.#collect();
    const shared: Promise<GpuError | null> = (async () => (await previous) ?? (await found))();
    this.#pending = shared;
    const error = await shared;
    if (this.#pending === shared) this.#pending = null;
    return error;
  }

  /** What to throw for a read that failed: the loss of the device, should that be the cause. */
  async explain(error: unknown): Promise<unknown> {
    const grace = new Promise<null>((resolve) => setTimeout(resolve, LOSS_GRACE_MILLISECONDS, null));
    return (await Promise.race([this.lost, grace])) ?? error;
  }

  async #collect(): Promise<GpuError | null> {
    // popped, innermost first, and opened again before anything else can be queued
    const popped = KINDS.toReversed().map(async (kind) => {
      const error = await this.#device.popErrorScope().catch(() => null);
      return error && new GpuError(kind, error.message);
    });
    this.#open();
    const errors = await Promise.all(popped);
    const [stray] = this.#strays.splice(0);
    return errors.find((error) => error !== null) ?? stray ?? null;
  }

  #open(): void {
    for (const kind of KINDS) this.#device.pushErrorScope(kind);
  }
}

function kindOf(error: GPUError): GpuErrorKind {
  const name = error.constructor.name;
  if (name === 'GPUOutOfMemoryError') return 'out-of-memory';
  return name === 'GPUInternalError' ? 'internal' : 'validation';
}
