import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '@umt/crc';
import { openJpegEncoder } from '@umt/video';
import type { FrameEncoding, ShardFileIndex, ShardIndex, ShardSample } from '../src/shards/format.ts';
import { frame } from './synthetic.ts';

/** A small shard set, written here so that reading is tested against the convention and not against the packer. */
export interface SmallSet {
  readonly encoding: FrameEncoding;
  /** Samples of each shard. */
  readonly counts: readonly number[];
  readonly frames?: number;
  readonly width?: number;
  readonly height?: number;
}

const hex = (bytes: Uint8Array, before = 0) => crc32c(bytes, before).toString(16).padStart(8, '0');

/** The frame `t` of sample `i` in a set of {@link writeShards}. */
export const packedFrame = (i: number, t: number, width: number, height: number) =>
  frame(10 * i + t, width, height).planes[0]?.data as Uint8Array;

/** Writes a set of synthetic frames into a folder; sample i has path `video-<i>.mp4` and class i mod 3. */
export async function writeShards(folder: string, set: SmallSet): Promise<ShardIndex> {
  const { encoding, counts, frames = 6, width = 40, height = 30 } = set;
  mkdirSync(folder, { recursive: true });
  const encoder = encoding === 'jpeg' ? await openJpegEncoder({ width, height, quality: 1 }) : undefined;
  const shards: ShardIndex['shards'][number][] = [];
  let sample = 0;
  for (const [number, count] of counts.entries()) {
    const tar = new TarFile();
    const samples: ShardSample[] = [];
    for (let n = 0; n < count; n++, sample++) {
      const key = String(sample).padStart(6, '0');
      const json = tar.add(`${key}.json`, Buffer.from(JSON.stringify(meta(sample, frames, width, height))));
      const images = Array.from({ length: frames }, (_, t) => packedFrame(sample, t, width, height));
      const files = images.map((data) => encoder?.encode({ data, width, height }) ?? data);
      const ranges = encoder
        ? files.map((data, t) => tar.add(`${key}.${String(t).padStart(3, '0')}.jpg`, data))
        : npyRanges(tar.add(`${key}.frames.npy`, npy(files, width, height)), frames, width * height * 3);
      const crc = files.reduce((before, data) => crc32c(data, before), 0);
      samples.push({ key, json, frames: ranges, crc32c: crc.toString(16).padStart(8, '0'), width, height });
    }
    const name = `small-${String(number).padStart(6, '0')}`;
    const bytes = tar.end();
    const index = `${JSON.stringify({ version: 1, samples } satisfies ShardFileIndex)}\n`;
    writeFileSync(join(folder, `${name}.tar`), bytes);
    writeFileSync(join(folder, `${name}.index.json`), index);
    shards.push({
      file: `${name}.tar`,
      index: `${name}.index.json`,
      bytes: bytes.length,
      samples: count,
      crc32c: hex(bytes),
      indexCrc32c: hex(Buffer.from(index)),
    });
  }
  encoder?.close();
  const index: ShardIndex = {
    version: 1,
    name: 'small',
    encoding,
    shortSide: Math.min(width, height),
    samples: sample,
    frames: sample * frames,
    classes: ['ape', 'bee', 'cat'],
    shards,
  };
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
  return index;
}

const meta = (sample: number, frameCount: number, width: number, height: number) => ({
  path: `video-${sample}.mp4`,
  label: sample % 3,
  captions: [`caption ${sample}`],
  width,
  height,
  frameCount,
  sourceFrames: Array.from({ length: frameCount }, (_, t) => 3 * t),
  sourceFrameCount: 3 * frameCount,
  fps: 25,
  durationSeconds: (3 * frameCount) / 25,
});

/** NumPy's format, version 1: magic, length of the header, a Python literal padded to 64 bytes, the array. */
function npy(images: readonly Uint8Array[], width: number, height: number): Uint8Array {
  const shape = `(${images.length}, ${height}, ${width}, 3)`;
  const literal = `{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}, }`;
  const header = literal.padEnd(Math.ceil((literal.length + 11) / 64) * 64 - 11) + '\n';
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  return Buffer.concat([start, Buffer.from(header, 'latin1'), ...images]);
}

function npyRanges([offset, bytes]: readonly [number, number], frames: number, frameBytes: number) {
  const first = offset + bytes - frames * frameBytes;
  return Array.from({ length: frames }, (_, t) => [first + t * frameBytes, frameBytes] as const);
}

/** A tar file in memory (ustar). */
class TarFile {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Adds a file; returns where its bytes lie. */
  add(name: string, data: Uint8Array): readonly [offset: number, bytes: number] {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        0ustar\0'.padEnd(17, '0'), 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const offset = this.#length + 512;
    const parts = [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
    this.#parts.push(...parts);
    this.#length += parts.reduce((sum, { length }) => sum + length, 0);
    return [offset, data.length];
  }

  end(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.alloc(1024)]);
  }
}
