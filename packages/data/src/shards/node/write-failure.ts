import { ShardError } from '../shard-error.ts';

/** What a system's error codes mean, and what to do about it. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free space',
  EDQUOT: 'the quota is used up: free space',
  EROFS: 'the file system is read-only: make it writable',
  EACCES: 'writing is not permitted: make the folder writable',
  EPERM: 'writing is not permitted: make the folder writable',
  ENOENT: 'the folder vanished: bring it back',
  ENOTDIR: 'a part of its path is no folder: choose another',
  EEXIST: 'a part of its path is no folder: choose another',
  ESTALE: 'the network file system lost it: mount it again',
  ENODEV: 'the device is gone: attach it again',
  EIO: 'the device fails: look at the disk',
  EMFILE: 'too many files are open: raise the limit',
  ENFILE: 'too many files are open: raise the limit',
};

/**
 * What to throw when packing failed: of a file system's own errors one line that names folder and remedy, all others as they
 * are.
 *
 * @param shards complete ones, which are kept
 */
export function writeFailure(folder: string, shards: number, cause: unknown): unknown {
  if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string') return cause;
  const reason = REASONS[cause.code];
  if (reason === undefined) return cause;
  const kept = shards === 0 ? '' : ` (${shards} complete shards are kept)`;
  return new ShardError(folder, `it cannot be written, ${reason}, then pack again to go on${kept}; ${cause.code}`, {
    cause,
  });
}
