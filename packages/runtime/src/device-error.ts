/** The device that was asked for is unknown or cannot run here. One line that says what to do. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  /** The device as it was asked for. */
  readonly device: string;

  constructor(device: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.device = device;
  }
}
