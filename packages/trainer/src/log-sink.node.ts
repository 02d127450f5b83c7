import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import type { LogSink } from './log-sink.ts';

/** A log file that is appended to. See the browser-safe declaration for the contract. */
export function fileSink(path: string): LogSink {
  mkdirSync(dirname(path), { recursive: true });
  const stream = createWriteStream(path, { flags: 'a' });
  let failure: Error | null = null;
  stream.on('error', (cause) => {
    failure = new Error(`the log ${path} cannot be written: ${cause.message}`, { cause });
  });
  return {
    write(bytes) {
      if (failure) throw failure;
      stream.write(bytes);
    },
    async close() {
      stream.end();
      await finished(stream).catch(() => {});
      if (failure) throw failure;
    },
  };
}
