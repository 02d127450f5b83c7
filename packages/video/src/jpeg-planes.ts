import type { RgbImage } from './to-rgb.ts';

/** Fractional bits of the weights: exact to a 65536th, as in libjpeg. */
const BITS = 16;
const scaled = (weight: number) => Math.round(weight * 2 ** BITS);

const Y_RED = scaled(0.299);
const Y_BLUE = scaled(0.114);
const Y_GREEN = 2 ** BITS - Y_RED - Y_BLUE;
const CB_RED = scaled(-0.299 / 1.772);
const CB_GREEN = scaled(-0.587 / 1.772);
const CR_GREEN = scaled(-0.587 / 1.402);
const CR_BLUE = scaled(-0.114 / 1.402);
const HALF = 2 ** (BITS - 1);

/**
 * The planes that JPEG files hold (JFIF: BT.601, full range, chroma at half the size, sited in the centre of its 2 x 2
 * pixels), packed one after the other: Y, Cb, Cr. Chroma is the mean of its pixels, of fewer at odd edges.
 *
 * @returns width * height + 2 * ceil(width / 2) * ceil(height / 2) bytes
 */
export function jpegPlanes({ data, width, height }: RgbImage): Uint8Array {
  const chromaWidth = (width + 1) >> 1;
  const chromaLength = chromaWidth * ((height + 1) >> 1);
  const out = new Uint8Array(width * height + 2 * chromaLength);
  const cb = new Int32Array(chromaWidth);
  const cr = new Int32Array(chromaWidth);
  let p = 0;
  let luma = 0;
  let chroma = width * height;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p += 3) {
      const red = data[p] as number;
      const green = data[p + 1] as number;
      const blue = data[p + 2] as number;
      out[luma++] = (Y_RED * red + Y_GREEN * green + Y_BLUE * blue + HALF) >> BITS;
      const at = x >> 1;
      cb[at] = (cb[at] as number) + CB_RED * red + CB_GREEN * green + HALF * blue;
      cr[at] = (cr[at] as number) + HALF * red + CR_GREEN * green + CR_BLUE * blue;
    }
    if (y % 2 === 0 && y < height - 1) continue;
    const rows = (y % 2) + 1;
    for (let x = 0; x < chromaWidth; x++, chroma++) {
      const pixels = rows * (2 * x + 1 < width ? 2 : 1);
      out[chroma] = centred((cb[x] as number) / pixels);
      out[chroma + chromaLength] = centred((cr[x] as number) / pixels);
    }
    cb.fill(0);
    cr.fill(0);
  }
  return out;
}

/** A chroma sum as a byte around 128; pure red and blue round to 256, which is none. */
function centred(sum: number): number {
  const value = Math.floor(sum / 2 ** BITS + 128.5);
  return value > 255 ? 255 : value;
}
