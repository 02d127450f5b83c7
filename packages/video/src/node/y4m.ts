import type { ColorSpace, Picture, PictureFormat } from '../picture.ts';
import { splitPlanes } from '../packed-planes.ts';
import { ByteReader } from './byte-reader.ts';

const FORMATS: Readonly<Record<string, PictureFormat>> = { mono: 'I400', 420: 'I420', 422: 'I422', 444: 'I444' };

interface Y4mHeader {
  readonly width: number;
  readonly height: number;
  readonly format: PictureFormat;
  readonly bitDepth: number;
  readonly isFullRange: boolean;
  /** Bytes of one frame. */
  readonly frameBytes: number;
}

/** Reads the pictures of a YUV4MPEG2 stream; ends without error where the stream breaks off. */
export async function* readY4m(chunks: AsyncIterable<Uint8Array>, colorSpace: ColorSpace): AsyncGenerator<Picture> {
  const reader = new ByteReader(chunks);
  const first = await reader.line();
  if (first === null) return;
  const header = parseHeader(first);
  for (;;) {
    const marker = await reader.line();
    if (marker === null || !marker.startsWith('FRAME')) return;
    const packed = await reader.bytes(header.frameBytes);
    if (packed === null) return;
    const { width, height, format, bitDepth } = header;
    yield {
      width,
      height,
      format,
      bitDepth,
      planes: splitPlanes(packed, format, bitDepth, width, height),
      colorSpace: header.isFullRange ? { ...colorSpace, fullRange: true } : colorSpace,
    };
  }
}

/** Parses "YUV4MPEG2 W320 H240 F25:1 Ip C420p10 XYSCSS=420P10 ...". */
function parseHeader(line: string): Y4mHeader {
  const fields = line.split(' ');
  const value = (tag: string) => fields.find((field) => field.startsWith(tag))?.slice(1) ?? '';
  const width = Number(value('W'));
  const height = Number(value('H'));
  const chroma = /^(mono|420|422|444)(?:p?(\d+))?/.exec(value('C') || '420');
  const format = FORMATS[chroma?.[1] ?? ''];
  if (fields[0] !== 'YUV4MPEG2' || !(width > 0) || !(height > 0) || format === undefined) {
    throw new Error(`ffmpeg sent an unknown stream header "${line.slice(0, 80)}"`);
  }
  const bitDepth = Number(chroma?.[2] ?? 8);
  const [dx, dy] = format === 'I420' ? [2, 2] : format === 'I422' ? [2, 1] : [1, 1];
  const chromaSamples = format === 'I400' ? 0 : 2 * Math.ceil(width / dx) * Math.ceil(height / dy);
  return {
    width,
    height,
    format,
    bitDepth,
    isFullRange: fields.includes('XCOLORRANGE=FULL'),
    frameBytes: (width * height + chromaSamples) * (bitDepth > 8 ? 2 : 1),
  };
}
