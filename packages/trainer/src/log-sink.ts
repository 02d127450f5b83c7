/** Where a log is written to. */
export interface LogSink {
  /** Takes bytes without waiting. Throws when earlier ones could not be written. */
  write(bytes: Uint8Array): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/**
 * A log file, in Node: appends to what is there, and makes the folder if needed.
 * @throws Error in browsers, where a log goes to a sink of your own
 */
export function fileSink(path: string): LogSink {
  throw new Error(`fileSink: browsers have no file ${path}; hand the log a sink of your own`);
}
