import { DataError } from './data-error.ts';
import type { QuarantineStore } from './quarantine.ts';

/**
 * In Node, a list of bad videos as a file of JSON lines, `{"path", "kind", "message"}`. Several processes may write to it: a
 * line is appended by one call, what others appended is read before, and what a killed one left of a line is passed over. To
 * have all videos tried again, delete the file.
 *
 * @param path of a file, which need not be there yet, in a folder that is
 * @throws DataError in browsers, which have no files
 */
export function quarantineFile(path: string): QuarantineStore {
  throw new DataError(`${path}: browsers cannot write files: hand over a QuarantineStore of your own`);
}
