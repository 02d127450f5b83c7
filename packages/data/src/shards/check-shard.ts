import { crc32c } from '@umt/crc';
import { decodeJpegs, VideoError } from '@umt/video';
import {
  crcText,
  parseShardFileIndex,
  parseShardSampleMeta,
  type FrameEncoding,
  type ShardFile,
  type ShardSample,
} from './format.ts';
import type { ByteRange } from './json-fields.ts';
import { ShardError } from './shard-error.ts';
import { placeOf, type ShardStore } from './shard-store.ts';

/** One tar file of a set, to be checked. */
export interface ShardToCheck {
  /** Folder or address of the set. */
  readonly place: string;
  readonly shard: ShardFile;
  readonly encoding: FrameEncoding;
}

/** Something of a shard set that is broken. */
export interface BrokenPart {
  /** The file, as a path or an address. */
  readonly path: string;
  /** What it is: a file that is not there, too short or too long, or changed; a sample or frame that cannot be read. */
  readonly kind: 'missing' | 'size' | 'checksum' | 'index' | 'sample' | 'frame';
  /** Key of the sample at fault, where it is one. */
  readonly key?: string;
  /** Its cause in one line. */
  readonly message: string;
}

/** What a shard is checked with. */
export interface ShardCheckSurroundings {
  /** Opens a folder or an address. */
  openStore(place: string): ShardStore;
  /** Throws to leave off. */
  checkStop(): void;
}

/** Bytes read at a time where no sample says how many. */
const PIECE_BYTES = 1 << 23;

/**
 * Checks a tar file and its side file: sizes, checksums, and that every description and frame can be read. Each byte is
 * read once.
 *
 * @returns what is broken; empty when nothing is
 * @throws ShardSourceError when the source does not answer
 */
export async function checkShard(
  { place, shard, encoding }: ShardToCheck,
  { openStore, checkStop }: ShardCheckSurroundings,
): Promise<readonly BrokenPart[]> {
  const store = openStore(place);
  const path = placeOf(store, shard.file);
  const broken: BrokenPart[] = [];
  try {
    const samples = await readSideFile(store, shard, broken);
    let crc = 0;
    for (const { start, end, sample } of regionsOf(samples, shard.bytes)) {
      checkStop();
      const bytes = await store.read(shard.file, start, end - start);
      crc = crc32c(bytes, crc);
      if (sample === undefined) continue;
      const bytesAt = ([offset, length]: ByteRange) => bytes.subarray(offset - start, offset - start + length);
      const problem = await problemOf(sample, bytesAt, encoding);
      if (problem)
        broken.push({ path, key: sample.key, ...problem, message: `${path}: ${sample.key}: ${problem.message}` });
    }
    const found = crcText(crc);
    if (found !== shard.crc32c) broken.push({ path, ...changed(path, found, shard.crc32c) });
    if (await goesOn(store, shard)) {
      broken.push({ path, kind: 'size', message: `${path}: it has more than its ${shard.bytes} bytes` });
    }
  } catch (error) {
    if (!(error instanceof VideoError)) throw error;
    broken.push({ path, kind: error.kind === 'not-found' ? 'missing' : 'size', message: error.message });
  }
  return broken;
}

/** The samples that the side file names; none where it is broken. */
async function readSideFile(
  store: ShardStore,
  shard: ShardFile,
  broken: BrokenPart[],
): Promise<readonly ShardSample[]> {
  const path = placeOf(store, shard.index);
  try {
    const text = await store.readText(shard.index);
    const crc = crcText(crc32c(new TextEncoder().encode(text)));
    if (crc !== shard.indexCrc32c) broken.push({ path, ...changed(path, crc, shard.indexCrc32c) });
    const { samples } = parseShardFileIndex(text, path, shard.bytes);
    if (samples.length !== shard.samples) {
      throw new ShardError(path, `it has ${samples.length} samples where the index of the set has ${shard.samples}`);
    }
    const isAscending = samples.every((sample, i) => startOf(sample) >= endOf(samples[i - 1]));
    if (!isAscending) throw new ShardError(path, 'its samples lie over one another');
    return samples;
  } catch (error) {
    if (error instanceof VideoError) broken.push({ path, kind: 'missing', message: error.message });
    else if (error instanceof ShardError) broken.push({ path, kind: 'index', message: error.message });
    else throw error;
    return [];
  }
}

const changed = (path: string, found: string, expected: string) =>
  ({ kind: 'checksum', message: `${path}: its checksum is ${found}, not ${expected}: copy or pack it again` }) as const;

const rangesOf = ({ json, frames }: ShardSample): readonly ByteRange[] => [json, ...frames];
const startOf = (sample: ShardSample): number => rangesOf(sample).reduce((low, [at]) => Math.min(low, at), Infinity);
const endOf = (sample: ShardSample | undefined): number =>
  sample === undefined ? 0 : rangesOf(sample).reduce((high, [at, length]) => Math.max(high, at + length), 0);

/** The file cut up: a piece that ends with each sample, then what comes after the last in pieces of a bounded size. */
function* regionsOf(
  samples: readonly ShardSample[],
  bytes: number,
): Generator<{ readonly start: number; readonly end: number; readonly sample?: ShardSample }> {
  let start = 0;
  for (const sample of samples) {
    const end = endOf(sample);
    yield { start, end, sample };
    start = end;
  }
  for (; start < bytes; start += PIECE_BYTES) yield { start, end: Math.min(bytes, start + PIECE_BYTES) };
}

/** Whether there is a byte after the last. Servers are not asked: what they say of a range past the end differs. */
async function goesOn(store: ShardStore, { file, bytes }: ShardFile): Promise<boolean> {
  if (/^https?:/i.test(store.name)) return false;
  return store.read(file, bytes, 1).then(
    () => true,
    () => false,
  );
}

/** What is wrong with a sample. */
async function problemOf(
  sample: ShardSample,
  bytesAt: (range: ByteRange) => Uint8Array,
  encoding: FrameEncoding,
): Promise<Pick<BrokenPart, 'kind' | 'message'> | undefined> {
  const { key, json, width, height, frames } = sample;
  const images = frames.map(bytesAt);
  const crc = crcText(images.reduce((before, image) => crc32c(image, before), 0));
  if (crc !== sample.crc32c)
    return { kind: 'sample', message: `the checksum of its frames is ${crc}, not ${sample.crc32c}` };
  try {
    const meta = parseShardSampleMeta(new TextDecoder().decode(bytesAt(json)), `${key}.json`);
    const said = `${meta.frameCount} frames of ${meta.width}x${meta.height}`;
    if (said !== `${frames.length} frames of ${width}x${height}`) {
      return {
        kind: 'sample',
        message: `it says it has ${said}, its side file has ${frames.length} of ${width}x${height}`,
      };
    }
    if (encoding === 'jpeg') await checkJpegs(images, sample);
    else checkArrays(images, sample);
    return undefined;
  } catch (error) {
    if (error instanceof ShardError) return { kind: 'sample', message: error.message };
    if (error instanceof VideoError && error.kind === 'undecodable') return { kind: 'frame', message: error.message };
    throw error;
  }
}

async function checkJpegs(images: readonly Uint8Array[], { key, width, height }: ShardSample): Promise<void> {
  let number = 0;
  for await (const picture of decodeJpegs(images, { name: key })) {
    if (picture.width !== width || picture.height !== height) {
      const sizes = `${picture.width}x${picture.height}, not ${width}x${height}`;
      throw new VideoError('undecodable', `frame ${number} is ${sizes}`);
    }
    number++;
  }
  if (number !== images.length)
    throw new VideoError('undecodable', `${number} of ${images.length} frames can be decoded`);
}

function checkArrays(images: readonly Uint8Array[], { width, height }: ShardSample): void {
  const odd = images.findIndex(({ length }) => length !== width * height * 3);
  if (odd < 0) return;
  throw new VideoError('undecodable', `frame ${odd} has ${images[odd]?.length ?? 0} bytes, not ${width * height * 3}`);
}
