/** A configuration that cannot be used. The message is one line that names every wrong field and what it allows. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** Dotted names of the fields that are wrong, e.g. `optimizer.learningRate`. */
  readonly fields: readonly string[];

  constructor(message: string, fields: readonly string[] = []) {
    super(message);
    this.fields = fields;
  }
}
