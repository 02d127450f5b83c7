/** What kind of thing went wrong on a GPU, as WebGPU sorts it. */
export type GpuErrorKind = 'validation' | 'out-of-memory' | 'internal';

/**
 * Something that was queued for the GPU failed. Found at a later read, as a GPU reports late: what was computed since the
 * read before may be wrong. The engine stays usable.
 */
export class GpuError extends Error {
  override readonly name = 'GpuError';
  readonly kind: GpuErrorKind;

  constructor(kind: GpuErrorKind, message: string) {
    const advice =
      kind === 'out-of-memory'
        ? 'the GPU has no room; use a smaller batch, accumulate gradients, or free tensors'
        : 'results since the last read may be wrong';
    super(`webgpu: ${kind} error, ${advice}: ${message.trim()}`);
    this.kind = kind;
  }
}

/** The GPU is gone: driver reset, unplugged, or taken away by the browser. Nothing on it can be read any more. */
export class GpuLostError extends Error {
  override readonly name = 'GpuLostError';
  /** 'destroyed' or 'unknown', as WebGPU says it. */
  readonly reason: string;

  constructor(reason: string, message: string) {
    const detail = message.trim() === '' ? '' : `: ${message.trim()}`;
    super(`webgpu: the device was lost (${reason})${detail}; create a new engine and go on from a checkpoint`);
    this.reason = reason;
  }
}

/** There is no WebGPU here, or no adapter, or none that is good enough. */
export class WebGpuUnavailableError extends Error {
  override readonly name = 'WebGpuUnavailableError';
}
