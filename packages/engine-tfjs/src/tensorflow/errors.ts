/** TensorFlow's native library was asked for and cannot serve. */
export class TensorFlowUnavailableError extends Error {
  override readonly name = 'TensorFlowUnavailableError';
  /** 'missing' when neither package is installed, 'unusable' when one is but its native part does not load. */
  readonly reason: 'missing' | 'unusable';

  constructor(reason: 'missing' | 'unusable', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
