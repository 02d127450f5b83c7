import type { ByteRange } from './json-fields.ts';

/** Bytes between two ranges that are rather read than asked for apart. */
const MAX_GAP = 64 * 1024;

/** Bytes of one read, unless a single range is longer. */
const MAX_READ = 8 * 1024 * 1024;

/** One read, and which ranges it brings. */
export interface Read {
  readonly offset: number;
  readonly bytes: number;
  /** Numbers of the ranges in it. */
  readonly members: readonly number[];
}

/** Few reads that bring all ranges: neighbours with less than 64 KiB between them become one, of 8 MiB at most. */
export function coalesce(ranges: readonly ByteRange[]): readonly Read[] {
  const order = [...ranges.keys()].sort((a, b) => (ranges[a]?.[0] ?? 0) - (ranges[b]?.[0] ?? 0));
  const reads: { offset: number; bytes: number; members: number[] }[] = [];
  for (const member of order) {
    const [offset, bytes] = ranges[member] ?? [0, 0];
    const last = reads.at(-1);
    const end = offset + bytes;
    if (last && offset - (last.offset + last.bytes) < MAX_GAP && end - last.offset <= MAX_READ) {
      last.bytes = Math.max(last.bytes, end - last.offset);
      last.members.push(member);
    } else {
      reads.push({ offset, bytes, members: [member] });
    }
  }
  return reads;
}
