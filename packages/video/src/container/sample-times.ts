import { type Box, type FileBytes, fileBoxes, innerBoxes, readBox } from './boxes.ts';

/** One line of an edit list (ISO/IEC 14496-12, 8.6.6), in the track's units of time. The rate is left out: FFmpeg ignores it. */
export interface Edit {
  /** Where in the media it starts; -1 in an edit that shows nothing. */
  readonly mediaTime: number;
  readonly duration: number;
}

/** When the samples of a track are decoded and shown, before edits, all in the track's units of time. */
export interface SampleTimes {
  readonly unitsPerSecond: number;
  readonly edits: readonly Edit[];
  /** [samples] in decoding order. */
  readonly decoded: Float64Array;
  /** [samples] from decoding to being shown; null in a track that needs no reordering. */
  readonly offsets: Float64Array | null;
}

/**
 * Reads the edit list of an mp4 or mov and what it refers to.
 *
 * @param trackId as in the track's header.
 * @param samples how many the track has.
 * @returns null where nothing is edited: another format, no edit list, or fragments (their samples are not in the index, and
 *   FFmpeg does as players do: one edit, which sets the time of the first frame).
 */
export async function readSampleTimes(bytes: FileBytes, trackId: number, samples: number): Promise<SampleTimes | null> {
  for await (const box of fileBoxes(bytes)) {
    if (box.type !== 'moov') continue;
    const movie = await readBox(bytes, box);
    for (const track of innerBoxes(movie)) {
      if (track.type !== 'trak' || trackIdOf(movie, track) !== trackId) continue;
      return timesOf(movie, track, samples);
    }
    return null;
  }
  return null;
}

function timesOf(movie: DataView, track: Box, samples: number): SampleTimes | null {
  const moviesPerSecond = timescaleOf(movie, find(movie, undefined, 'mvhd'));
  const unitsPerSecond = timescaleOf(movie, find(movie, track, 'mdia', 'mdhd'));
  const list = find(movie, track, 'edts', 'elst');
  const durations = find(movie, track, 'mdia', 'minf', 'stbl', 'stts');
  if (list === undefined || durations === undefined || moviesPerSecond === 0 || unitsPerSecond === 0) return null;
  const edits = readEdits(movie, list, unitsPerSecond / moviesPerSecond);
  const deltas = readRuns(movie, durations, samples);
  if (edits.length === 0 || deltas === null) return null;
  const decoded = new Float64Array(samples);
  for (let i = 1; i < samples; i++) decoded[i] = (decoded[i - 1] ?? 0) + (deltas[i - 1] ?? 0);
  const offsets = find(movie, track, 'mdia', 'minf', 'stbl', 'ctts');
  return { unitsPerSecond, edits, decoded, offsets: offsets === undefined ? null : readRuns(movie, offsets, samples) };
}

/** The first box at the end of a path of types. */
function find(view: DataView, within: Box | undefined, ...path: readonly string[]): Box | undefined {
  return path.reduce<Box | undefined>((parent, type, depth) => {
    if (depth > 0 && parent === undefined) return undefined;
    return [...innerBoxes(view, parent?.start, parent?.end)].find((box) => box.type === type);
  }, within);
}

function trackIdOf(view: DataView, track: Box): number | undefined {
  const header = find(view, track, 'tkhd');
  if (header === undefined || header.end - header.start < 24) return undefined;
  return view.getUint32(header.start + (view.getUint8(header.start) === 1 ? 20 : 12));
}

/** Units per second of a movie's or media's header; 0 where it is cut off. */
function timescaleOf(view: DataView, header: Box | undefined): number {
  if (header === undefined || header.end - header.start < 24) return 0;
  return view.getUint32(header.start + (view.getUint8(header.start) === 1 ? 20 : 12));
}

function readEdits(view: DataView, { start, end }: Box, unitsPerMovieUnit: number): Edit[] {
  if (end - start < 8) return [];
  const isLong = view.getUint8(start) === 1;
  const size = isLong ? 20 : 12;
  const count = Math.min(view.getUint32(start + 4), Math.floor((end - start - 8) / size));
  return Array.from({ length: count }, (_, i) => {
    const at = start + 8 + i * size;
    const duration = isLong ? Number(view.getBigInt64(at)) : view.getUint32(at);
    return {
      mediaTime: isLong ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4),
      duration: Math.round(duration * unitsPerMovieUnit),
    };
  });
}

/** [samples] the numbers of a table that gives each with a count; null without an entry. Samples past its end have 0. */
function readRuns(view: DataView, { start, end }: Box, samples: number): Float64Array | null {
  const entries = end - start < 8 ? 0 : Math.min(view.getUint32(start + 4), Math.floor((end - start - 8) / 8));
  if (entries === 0) return null;
  const values = new Float64Array(samples);
  let filled = 0;
  for (let i = 0; i < entries && filled < samples; i++) {
    const at = start + 8 + i * 8;
    const to = Math.min(samples, filled + view.getUint32(at));
    values.fill(view.getInt32(at + 4), filled, to);
    filled = to;
  }
  return values;
}
