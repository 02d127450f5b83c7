import { CheckpointWriteError } from './errors.ts';
import { formatBytes } from './format.ts';

/** What a system's error codes mean, and what to do about it. */
const REASONS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ENOSPC: ['the disk is full', 'free space, or keep fewer checkpoints'],
  EDQUOT: ['the quota is used up', 'free space, or keep fewer checkpoints'],
  QuotaExceededError: ['the quota of this origin is used up', 'free space, or keep fewer checkpoints'],
  EROFS: ['the file system is read-only', 'make it writable, or choose another folder'],
  EACCES: ['writing is not permitted', 'make the folder writable, or choose another'],
  EPERM: ['writing is not permitted', 'make the folder writable, or choose another'],
  ENOENT: ['the folder vanished', 'bring it back, or choose another'],
  NotFoundError: ['the folder vanished', 'bring it back, or choose another'],
  ENOTDIR: ['a part of its path is no folder', 'choose another folder'],
  EEXIST: ['a part of its path is no folder', 'choose another folder'],
  ESTALE: ['the network file system lost it', 'mount it again, or choose another folder'],
  ENODEV: ['the device is gone', 'attach it again, or choose another folder'],
  EIO: ['the device fails', 'look at the disk, or choose another folder'],
  EMFILE: ['too many files are open', 'raise the limit of open files'],
  ENFILE: ['too many files are open', 'raise the limit of open files'],
};

/**
 * What to throw when writing failed: of a file system's own errors one line that names place, need and remedy, all others as they
 * are, because trying again would not help.
 *
 * @param what was to be written, in words: `the checkpoint of step 12`
 * @param sizes of what was to be written and of what is free, in bytes; null where nobody knows
 */
export function writeFailure(
  what: string,
  place: string,
  cause: unknown,
  sizes: { readonly needed: number; readonly free: number | null } | null = null,
): unknown {
  const code = codeOf(cause);
  const known = code === undefined ? undefined : REASONS[code];
  if (!known) return cause;
  const [reason, remedy] = known;
  const free = sizes && sizes.free !== null ? `, ${formatBytes(sizes.free)} are free` : '';
  const need = sizes ? `; it takes ${formatBytes(sizes.needed)}${free}` : '';
  return new CheckpointWriteError(`${what} cannot be written to ${place}: ${reason} (${code})${need}: ${remedy}`, {
    cause,
  });
}

function codeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return cause.name;
}
