import { VideoError } from '../video-error.ts';

/** Random access to a file's bytes. */
export interface FileBytes {
  readonly length: number;
  /** Reads up to `length` bytes; fewer only at the end. */
  read(from: number, length: number): Promise<Uint8Array>;
}

/** Boxes that only hold boxes. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf']);

/** Boxes a file of this family begins with. */
const FIRST_BOXES = new Set(['ftyp', 'styp', 'moov', 'moof', 'mdat', 'free', 'skip', 'wide', 'pnot', 'sidx']);

const MAX_TOP_LEVEL_BOXES = 200_000;

/** Entries for samples that do not exist are common by a few, and harmless below this. */
const SLACK = 10_000;

/** Flags of a `trun` box that give each sample bytes of its own. */
const PER_SAMPLE_FIELDS = 0x000f00;

/**
 * Rejects an mp4 or mov whose index claims more samples than it can hold. Damage of one byte there can ask a demuxer for
 * four billion table entries, which ends the process before any error could be thrown. Other formats pass.
 *
 * @throws {VideoError} of kind 'not-video'.
 */
export async function checkIndex(bytes: FileBytes, name: string): Promise<void> {
  let from = 0;
  for (let count = 0; count < MAX_TOP_LEVEL_BOXES && from + 8 <= bytes.length; count++) {
    const header = viewOf(await bytes.read(from, 16));
    if (header.byteLength < 8) return;
    const type = typeAt(header, 4);
    if (count === 0 && !FIRST_BOXES.has(type)) return;
    const short = header.getUint32(0);
    const size =
      short === 0
        ? bytes.length - from
        : short === 1 && header.byteLength === 16
          ? Number(header.getBigUint64(8))
          : short;
    if (size < 8) return;
    if (type === 'moov' || type === 'moof') {
      const box = viewOf(await bytes.read(from, Math.min(size, bytes.length - from)));
      checkBoxes(box, short === 1 ? 16 : 8, box.byteLength, name);
    }
    from += size;
  }
}

interface SampleCounts {
  /** Samples that the size table can hold, or none without such a table. */
  sized: number | undefined;
  /** The most samples that any other table speaks of. */
  claimed: number;
}

function checkBoxes(view: DataView, start: number, end: number, name: string): void {
  const counts: SampleCounts = { sized: undefined, claimed: 0 };
  for (let from = start; from + 8 <= end;) {
    const size = view.getUint32(from);
    if (size < 8) break;
    const type = typeAt(view, from + 4);
    const stop = Math.min(end, from + size);
    if (CONTAINERS.has(type)) checkBoxes(view, from + 8, stop, name);
    else countSamples(type, view, from + 8, stop, counts);
    from += size;
  }
  if (counts.claimed > (counts.sized ?? 0) + SLACK) {
    throw new VideoError(
      'not-video',
      `${name} has a damaged index: it speaks of ${counts.claimed} frames and has sizes for ${counts.sized ?? 0}; fetch it again`,
    );
  }
}

/** Adds up what one table says (ISO/IEC 14496-12, 8.6.1, 8.7.3 and 8.7.4, and 8.8.8 for fragments). */
function countSamples(type: string, view: DataView, from: number, to: number, counts: SampleCounts): void {
  if (to - from < 8) return;
  if (type === 'stsz' && to - from >= 12) {
    const size = view.getUint32(from + 4);
    const count = view.getUint32(from + 8);
    // One size for all needs no table; a table cannot hold more than its box.
    counts.sized = size === 0 ? Math.min(count, Math.floor((to - from - 12) / 4)) : count;
  } else if (type === 'stz2' && to - from >= 12) {
    counts.sized = Math.min(view.getUint32(from + 8), (to - from) * 2);
  } else if (type === 'stts' || type === 'ctts') {
    const entries = Math.min(view.getUint32(from + 4), Math.floor((to - from - 8) / 8));
    let sum = 0;
    for (let i = 0; i < entries; i++) sum += view.getUint32(from + 8 + i * 8);
    counts.claimed = Math.max(counts.claimed, sum);
  } else if (type === 'stsc') {
    // Samples per chunk: the demuxer walks through a whole chunk for every sample.
    const entries = Math.min(view.getUint32(from + 4), Math.floor((to - from - 8) / 12));
    for (let i = 0; i < entries; i++) {
      counts.claimed = Math.max(counts.claimed, view.getUint32(from + 8 + i * 12 + 4));
    }
  } else if (type === 'trun' && (view.getUint32(from) & PER_SAMPLE_FIELDS) === 0) {
    counts.claimed = Math.max(counts.claimed, view.getUint32(from + 4));
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const typeAt = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

/** The bytes of a Blob or of memory. */
export function memoryBytes(source: Blob | Uint8Array | ArrayBuffer): FileBytes {
  if (source instanceof Blob) {
    return {
      length: source.size,
      read: async (from, length) => new Uint8Array(await source.slice(from, from + length).arrayBuffer()),
    };
  }
  const bytes = source instanceof Uint8Array ? source : new Uint8Array(source);
  return { length: bytes.length, read: (from, length) => Promise.resolve(bytes.subarray(from, from + length)) };
}
