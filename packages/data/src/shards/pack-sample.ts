import { packTar, type TarEntry } from 'modern-tar';
import { crc32c } from '@umt/crc';
import { crcText, type FrameEncoding, type ShardSample } from './format.ts';
import type { ByteRange } from './json-fields.ts';
import { npyHeader } from './npy.ts';

/** Tar files consist of blocks of this many bytes: one for the header of a file, then its bytes, padded. */
const TAR_BLOCK = 512;

/** The two empty blocks at the end of a tar file. */
export const TAR_END_BYTES = 2 * TAR_BLOCK;

/** The files of one sample as a piece of a tar file. */
export interface PackedSample {
  /** Headers and files, whole blocks. */
  readonly tar: Uint8Array<ArrayBuffer>;
  /** Where they lie, from the start of `tar`. */
  readonly sample: ShardSample;
}

/** A sample before it is packed. */
export interface UnpackedSample {
  readonly key: string;
  readonly json: Uint8Array;
  /** JPEG files, or height * width * 3 bytes each. */
  readonly frames: readonly Uint8Array[];
  readonly encoding: FrameEncoding;
  readonly width: number;
  readonly height: number;
}

/** Writes the files of a sample: the same bytes wherever and whenever, for the headers say nothing of the machine. */
export async function packSample(unpacked: UnpackedSample): Promise<PackedSample> {
  const { key, json, width, height } = unpacked;
  const { files, frames } = unpacked.encoding === 'jpeg' ? jpegFiles(unpacked) : arrayFile(unpacked);
  const all = [{ name: `${key}.json`, body: json }, ...files];
  const offsets: number[] = [];
  let end = 0;
  for (const { body } of all) {
    offsets.push(end + TAR_BLOCK);
    end += TAR_BLOCK + Math.ceil(body.length / TAR_BLOCK) * TAR_BLOCK;
  }
  const archive = await packTar(all.map(tarEntry));
  // Headers of more than one block would be those of names that tar's own format cannot hold.
  if (archive.length !== end + TAR_END_BYTES) throw new Error(`${key}: the tar file has ${archive.length} bytes`);
  const crc = unpacked.frames.reduce((before, frame) => crc32c(frame, before), 0);
  return {
    tar: archive.subarray(0, end),
    sample: {
      key,
      json: [offsets[0] ?? 0, json.length],
      frames: frames((file) => offsets[file + 1] ?? 0),
      crc32c: crcText(crc),
      width,
      height,
    },
  };
}

/** The files after the description, and the ranges of the frames given where those files begin. */
interface FrameFiles {
  readonly files: readonly { readonly name: string; readonly body: Uint8Array }[];
  frames(offsetOf: (file: number) => number): readonly ByteRange[];
}

function jpegFiles({ key, frames }: UnpackedSample): FrameFiles {
  const digits = Math.max(3, String(frames.length - 1).length);
  return {
    files: frames.map((body, i) => ({ name: `${key}.${String(i).padStart(digits, '0')}.jpg`, body })),
    frames: (offsetOf) => frames.map((body, i) => [offsetOf(i), body.length]),
  };
}

function arrayFile({ key, frames, width, height }: UnpackedSample): FrameFiles {
  const header = npyHeader([frames.length, height, width, 3]);
  const frameBytes = height * width * 3;
  const body = new Uint8Array(header.length + frames.length * frameBytes);
  body.set(header);
  for (const [i, frame] of frames.entries()) body.set(frame, header.length + i * frameBytes);
  return {
    files: [{ name: `${key}.frames.npy`, body }],
    frames: (offsetOf) => frames.map((_, i) => [offsetOf(0) + header.length + i * frameBytes, frameBytes]),
  };
}

function tarEntry({ name, body }: { readonly name: string; readonly body: Uint8Array }): TarEntry {
  return { header: { name, size: body.length, mtime: new Date(0), uid: 0, gid: 0, mode: 0o644, type: 'file' }, body };
}
