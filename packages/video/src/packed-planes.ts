import { chromaSubsampling, type PictureFormat, type Plane } from './picture.ts';

/**
 * Views of the planes in tightly packed samples (the layout of FFmpeg's rawvideo).
 *
 * @param packed bytes; 16-bit samples are little-endian.
 */
export function splitPlanes(
  packed: Uint8Array,
  format: PictureFormat,
  bitDepth: number,
  width: number,
  height: number,
): Plane[] {
  const samples =
    bitDepth > 8
      ? new Uint16Array(packed.buffer, packed.byteOffset, packed.byteLength >> 1)
      : new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  const [dx, dy] = chromaSubsampling(format);
  const chromaWidth = Math.ceil(width / dx);
  const chromaHeight = Math.ceil(height / dy);
  const sizes: readonly (readonly [number, number, number])[] =
    format === 'RGB'
      ? [[width, height, 3]]
      : format === 'I400'
        ? [[width, height, 1]]
        : format === 'NV12'
          ? [
              [width, height, 1],
              [chromaWidth, chromaHeight, 2],
            ]
          : [
              [width, height, 1],
              [chromaWidth, chromaHeight, 1],
              [chromaWidth, chromaHeight, 1],
            ];
  let offset = 0;
  return sizes.map(([planeWidth, planeHeight, step]) => {
    const stride = planeWidth * step;
    const data = samples.subarray(offset, offset + stride * planeHeight);
    offset += stride * planeHeight;
    return { data, stride, width: planeWidth, height: planeHeight };
  });
}
