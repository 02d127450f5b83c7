import { splitPlanes } from '../packed-planes.ts';
import { type Picture, UNTAGGED_COLOR_SPACE } from '../picture.ts';
import { ByteReader } from './byte-reader.ts';

/** Reads pictures of 8-bit RGB, three bytes a pixel, that follow each other without a header. */
export async function* readRgb(
  chunks: AsyncIterable<Uint8Array>,
  width: number,
  height: number,
): AsyncGenerator<Picture> {
  const reader = new ByteReader(chunks);
  for (;;) {
    const packed = await reader.bytes(width * height * 3);
    if (packed === null) return;
    const planes = splitPlanes(packed, 'RGB', 8, width, height);
    yield { width, height, format: 'RGB', bitDepth: 8, planes, colorSpace: UNTAGGED_COLOR_SPACE };
  }
}
