import type { VideoEntry } from '../manifest.ts';
import type { BadVideo } from '../quarantine.ts';
import { JsonFields, type ByteRange } from './json-fields.ts';

export type { ByteRange };

/** The file that makes a folder or an address a shard set: written last, so its presence says that the set is complete. */
export const SHARD_INDEX_FILE = 'index.json';

/** Lists the videos that a shard set left out, a JSON line `{path, kind, message}` each. */
export const BROKEN_FILE = 'broken.jsonl';

/** How frames are kept: each as a JPEG file, or those of a sample in one NumPy array, uint8 [T, H, W, 3]. */
export type FrameEncoding = 'jpeg' | 'rgb';

/** A shard set: tar files in the WebDataset convention, with where each sample lies in them. */
export interface ShardIndex {
  readonly version: 1;
  /** What its files begin with. */
  readonly name: string;
  readonly encoding: FrameEncoding;
  /** The shorter side of every frame, in pixels; frames of smaller videos keep their size. */
  readonly shortSide: number;
  /** Of all shards. */
  readonly samples: number;
  /** Of all shards. */
  readonly frames: number;
  /** What each class number is called, where the source said it. */
  readonly classes?: readonly string[];
  /** In the order of the source's samples. */
  readonly shards: readonly ShardFile[];
}

/** One tar file of a shard set. */
export interface ShardFile {
  /** Name of the tar file, beside the index. */
  readonly file: string;
  /** Name of its side file, a {@link ShardFileIndex}. */
  readonly index: string;
  /** Size of the tar file. */
  readonly bytes: number;
  readonly samples: number;
  /** CRC-32C of the tar file, 8 hexadecimal digits. */
  readonly crc32c: string;
  /** CRC-32C of the side file, 8 hexadecimal digits. */
  readonly indexCrc32c: string;
}

/** The side file of a shard. */
export interface ShardFileIndex {
  readonly version: 1;
  readonly samples: readonly ShardSample[];
}

/** Where one sample lies in its tar file. */
export interface ShardSample {
  /** What the names of its files begin with. */
  readonly key: string;
  /** Its {@link ShardSampleMeta}. */
  readonly json: ByteRange;
  /** One range for each frame: a JPEG file, or height * width * 3 bytes inside the array. */
  readonly frames: readonly ByteRange[];
  /** CRC-32C of the bytes of all frames in order, 8 hexadecimal digits. */
  readonly crc32c: string;
  /** Of each frame, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** What a sample's `<key>.json` holds. */
export interface ShardSampleMeta extends Pick<VideoEntry, 'path' | 'label' | 'labels'> {
  readonly captions?: readonly string[];
  readonly question?: string;
  readonly answers?: readonly string[];
  /** Of each frame, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames that are kept. */
  readonly frameCount: number;
  /** [frameCount] the index in the video of each frame kept, ascending. */
  readonly sourceFrames: readonly number[];
  /** Frames of the video. */
  readonly sourceFrameCount: number;
  /** Of the video: its frames over its duration. */
  readonly fps: number;
  /** Of the video. */
  readonly durationSeconds: number;
}

/** Name of a tar file: `<name>-000000.tar`. */
export const shardFileName = (name: string, number: number): string => `${name}-${String(number).padStart(6, '0')}.tar`;

/** Name of a tar file's side file: `<name>-000000.index.json`. */
export const shardIndexFileName = (name: string, number: number): string =>
  `${name}-${String(number).padStart(6, '0')}.index.json`;

/** A checksum as shard sets hold it. */
export const crcText = (crc: number): string => crc.toString(16).padStart(8, '0');

/** The text of an index, side file or sample's description; `parse...` of this file reads it back. */
export function serializeShardJson(value: ShardIndex | ShardFileIndex | ShardSampleMeta): string {
  return `${JSON.stringify(value)}\n`;
}

/**
 * Reads the index of a shard set.
 *
 * @param file what messages call it
 * @throws ShardError naming the file and the field that is wrong
 */
export function parseShardIndex(text: string, file: string): ShardIndex {
  const fields = JsonFields.parse(text, file);
  checkVersion(fields);
  const shards = fields.objects('shards', readShardFile);
  const samples = fields.integer('samples', 1);
  const inShards = shards.reduce((sum, shard) => sum + shard.samples, 0);
  if (inShards !== samples) fields.refuse(`"samples" is ${samples}, but its shards have ${inShards}`);
  return {
    version: 1,
    name: fields.text('name'),
    encoding: fields.oneOf('encoding', ['jpeg', 'rgb']),
    shortSide: fields.integer('shortSide', 1),
    samples,
    frames: fields.integer('frames', 1),
    ...(fields.has('classes') ? { classes: fields.texts('classes') } : {}),
    shards,
  };
}

/**
 * Reads the side file of a shard.
 *
 * @param file what messages call it
 * @param bytes size of the tar file: no range may pass its end
 * @throws ShardError naming the file and the field that is wrong
 */
export function parseShardFileIndex(text: string, file: string, bytes: number): ShardFileIndex {
  const fields = JsonFields.parse(text, file);
  checkVersion(fields);
  const samples = fields.objects('samples', (sample): ShardSample => {
    const found = {
      key: sample.text('key'),
      json: sample.range('json'),
      frames: sample.ranges('frames'),
      crc32c: sample.crc('crc32c'),
      width: sample.integer('width', 1),
      height: sample.integer('height', 1),
    };
    if (found.frames.length === 0) sample.refuse('it has no frames');
    const end = [found.json, ...found.frames].reduce((most, [offset, size]) => Math.max(most, offset + size), 0);
    if (end > bytes) sample.refuse(`a range ends at byte ${end} of a tar file of ${bytes}`);
    return found;
  });
  return { version: 1, samples };
}

/**
 * Reads the description of a sample.
 *
 * @param file what messages call it
 * @throws ShardError naming the file and the field that is wrong
 */
export function parseShardSampleMeta(text: string, file: string): ShardSampleMeta {
  const fields = JsonFields.parse(text, file);
  const frameCount = fields.integer('frameCount', 1);
  const sourceFrames = fields.integers('sourceFrames');
  if (sourceFrames.length !== frameCount) {
    fields.refuse(`"frameCount" is ${frameCount}, but "sourceFrames" names ${sourceFrames.length}`);
  }
  return {
    path: fields.text('path'),
    ...(fields.has('label') ? { label: fields.integer('label', -Infinity) } : {}),
    ...(fields.has('labels') ? { labels: fields.integers('labels') } : {}),
    ...(fields.has('captions') ? { captions: fields.texts('captions') } : {}),
    ...(fields.has('question') ? { question: fields.text('question') } : {}),
    ...(fields.has('answers') ? { answers: fields.texts('answers') } : {}),
    width: fields.integer('width', 1),
    height: fields.integer('height', 1),
    frameCount,
    sourceFrames,
    sourceFrameCount: fields.integer('sourceFrameCount', 1),
    fps: fields.amount('fps'),
    durationSeconds: fields.amount('durationSeconds'),
  };
}

/** Reads what an index says of one tar file. @throws ShardError */
export function readShardFile(shard: JsonFields): ShardFile {
  return {
    file: fileName(shard, 'file'),
    index: fileName(shard, 'index'),
    bytes: shard.integer('bytes'),
    samples: shard.integer('samples', 1),
    crc32c: shard.crc('crc32c'),
    indexCrc32c: shard.crc('indexCrc32c'),
  };
}

/** Reads a line of {@link BROKEN_FILE}. @throws ShardError */
export function readBadVideo(line: JsonFields): BadVideo {
  return { path: line.text('path'), kind: line.text('kind'), message: line.text('message') };
}

function checkVersion(fields: JsonFields): void {
  const version = fields.integer('version');
  if (version !== 1) fields.refuse(`it has version ${version}; this program reads version 1: install a newer one`);
}

/** A name beside the index: nothing that leads elsewhere. */
function fileName(fields: JsonFields, name: string): string {
  const value = fields.text(name);
  return /^[^/\\]+$/.test(value) && value !== '.' && value !== '..'
    ? value
    : fields.refuse(`"${name}" must be a file beside the index, got ${JSON.stringify(value)}`);
}
