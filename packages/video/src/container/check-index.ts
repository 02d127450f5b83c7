import { VideoError } from '../video-error.ts';
import { type Box, type FileBytes, fileBoxes, innerBoxes, readBox } from './boxes.ts';

/** Boxes that only hold boxes. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf']);

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
  for await (const box of fileBoxes(bytes)) {
    if (box.type === 'moov' || box.type === 'moof') checkBoxes(await readBox(bytes, box), undefined, name);
  }
}

interface SampleCounts {
  /** Samples that the size table can hold, or none without such a table. */
  sized: number | undefined;
  /** The most samples that any other table speaks of. */
  claimed: number;
}

function checkBoxes(view: DataView, within: Box | undefined, name: string): void {
  const counts: SampleCounts = { sized: undefined, claimed: 0 };
  for (const box of innerBoxes(view, within?.start, within?.end)) {
    if (CONTAINERS.has(box.type)) checkBoxes(view, box, name);
    else countSamples(box, view, counts);
  }
  if (counts.claimed > (counts.sized ?? 0) + SLACK) {
    throw new VideoError(
      'not-video',
      `${name} has a damaged index: it speaks of ${counts.claimed} frames and has sizes for ${counts.sized ?? 0}; fetch it again`,
    );
  }
}

/** Adds up what one table says (ISO/IEC 14496-12, 8.6.1, 8.7.3 and 8.7.4, and 8.8.8 for fragments). */
function countSamples({ type, start: from, end: to }: Box, view: DataView, counts: SampleCounts): void {
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
