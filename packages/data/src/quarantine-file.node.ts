import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DataError } from './data-error.ts';
import { linesOf } from './manifest-records.ts';
import type { BadVideo, QuarantineStore } from './quarantine.ts';

/** A list of bad videos as a file. See the browser-safe declaration for the contract. */
export function quarantineFile(path: string): QuarantineStore {
  const known = new Map<string, BadVideo>();
  let readBytes = 0;
  let isTorn = false;

  /** Reads whole lines that were appended since the last time. */
  const refresh = () => {
    const descriptor = openSync(path, 'r');
    try {
      const { size } = fstatSync(descriptor);
      if (size < readBytes) {
        known.clear();
        readBytes = 0;
      }
      const bytes = new Uint8Array(size - readBytes);
      const fresh = bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, readBytes));
      const end = fresh.lastIndexOf(0x0a) + 1;
      isTorn = end < fresh.length;
      readBytes += end;
      for (const { content } of linesOf(new TextDecoder().decode(fresh.subarray(0, end)))) {
        const video = parse(content);
        if (video !== undefined && !known.has(video.path)) known.set(video.path, video);
      }
    } finally {
      closeSync(descriptor);
    }
  };
  const failed = (what: string, cause: unknown) =>
    new DataError(`${path}: the list of unreadable videos cannot be ${what} (${String(cause)})`, { cause });

  return {
    name: path,
    load() {
      try {
        refresh();
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw failed('read', cause);
        known.clear();
        readBytes = 0;
        isTorn = false;
      }
      return [...known.values()];
    },
    add(video) {
      const line = JSON.stringify({ path: video.path, kind: video.kind, message: video.message });
      try {
        appendFileSync(path, `${isTorn ? '\n' : ''}${line}\n`);
      } catch (cause) {
        throw failed('written', cause);
      }
    },
  };
}

function parse(line: string): BadVideo | undefined {
  try {
    const { path, kind, message } = JSON.parse(line) as Partial<Record<string, unknown>>;
    const isWhole = typeof path === 'string' && typeof kind === 'string' && typeof message === 'string';
    return isWhole ? { path, kind, message } : undefined;
  } catch {
    return undefined; // of a process that was killed while it wrote
  }
}
