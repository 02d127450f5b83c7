import { crc32c } from '@umt/crc';
import { decodeJpegs, rgbPicture, VideoError, type DecoderName, type Picture } from '@umt/video';
import type { ClipVideo } from '../video-cache.ts';
import { coalesce } from './coalesce.ts';
import { crcText, type FrameEncoding, type ShardSample } from './format.ts';
import type { OpenShard } from './shard-indexes.ts';
import { placeOf, type ShardStore } from './shard-store.ts';

/** A sample is read whole, and so checked, where the frames wanted are at least this share of its bytes. */
const WHOLE_SHARE = 0.25;

/** One sample of a shard. */
export interface ShardVideoOptions {
  readonly store: ShardStore;
  readonly encoding: FrameEncoding;
  readonly shard: OpenShard;
  readonly sample: ShardSample;
  /** Its number in the shard. */
  readonly number: number;
  readonly decoder?: DecoderName;
}

/**
 * The frames of a sample as a video. Frames that lie together are read together. The sample's checksum is verified once,
 * with the first read that takes a quarter of it or more; a damaged sample is a VideoError of kind 'undecodable'.
 */
export function shardVideo(options: ShardVideoOptions): ClipVideo {
  const { store, encoding, shard, sample, decoder } = options;
  const { frames, width, height } = sample;
  const name = `${placeOf(store, shard.file.file)}: ${sample.key}`;
  return {
    frameCount: frames.length,
    width,
    height,
    async *frames(indices) {
      const wanted = [...new Set(indices)];
      const bytes = await readFrames(options, wanted, name);
      const places = indices.map((index) => wanted.indexOf(index));
      if (encoding === 'rgb') {
        const pictures = bytes.map((rgb) => rgbPicture(rgb, width, height));
        for (const place of places) yield at(pictures, place);
        return;
      }
      const pictures: Picture[] = [];
      const decoding = decodeJpegs(bytes, { name, ...(decoder === undefined ? {} : { decoder }) });
      try {
        for (const [position, place] of places.entries()) {
          while (pictures.length <= place) {
            const { value } = await decoding.next();
            if (!value || value.width !== width || value.height !== height) {
              const found = value ? `a picture of ${value.width}x${value.height}` : 'no picture';
              throw new VideoError('undecodable', `${name}: ${found} where one of ${width}x${height} was packed`);
            }
            pictures.push(value);
          }
          const picture = at(pictures, place);
          // What is not wanted again is let go of.
          if (!places.includes(place, position + 1)) delete pictures[place];
          yield picture;
        }
      } finally {
        // A reader that stops early leaves no program behind.
        await decoding.return();
      }
    },
    close: () => Promise.resolve(),
  };
}

/** The bytes of some frames. */
async function readFrames(options: ShardVideoOptions, wanted: readonly number[], name: string): Promise<Uint8Array[]> {
  const { store, shard, sample, number } = options;
  const { frames } = sample;
  for (const index of wanted) {
    if (!(Number.isInteger(index) && index >= 0 && index < frames.length)) {
      throw new VideoError('bad-argument', `frame ${index} of ${name} does not exist: it has ${frames.length}`);
    }
  }
  const size = (indices: readonly number[]) => indices.reduce((sum, index) => sum + (frames[index]?.[1] ?? 0), 0);
  const all = [...frames.keys()];
  const isChecked = !shard.verified.has(number) && size(wanted) >= WHOLE_SHARE * size(all);
  const read = isChecked ? all : wanted;
  const ranges = read.map((index) => frames[index] ?? ([0, 0] as const));
  const found: Uint8Array[] = [];
  await Promise.all(
    coalesce(ranges).map(async ({ offset, bytes, members }) => {
      const block = await store.read(shard.file.file, offset, bytes);
      for (const member of members) {
        const [begin, length] = ranges[member] ?? [0, 0];
        found[member] = block.subarray(begin - offset, begin - offset + length);
      }
    }),
  );
  if (!isChecked) return found;
  const crc = crcText(found.reduce((before, bytes) => crc32c(bytes, before), 0));
  if (crc !== sample.crc32c) {
    const advice = 'copy the shard again, or pack it again';
    throw new VideoError('undecodable', `${name} is damaged: its checksum is ${crc}, not ${sample.crc32c}; ${advice}`);
  }
  shard.verified.add(number);
  return wanted.map((index) => at(found, index));
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`there is no item ${index}`);
  return value;
}
