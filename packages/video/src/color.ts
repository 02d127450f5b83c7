import type { ColorSpace } from './picture.ts';

/** Luma weights of red and blue, per matrix (ITU-R BT.601-7, BT.709-6, BT.2020-2). */
const LUMA_WEIGHTS = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722], bt2020: [0.2627, 0.0593] } as const;

/** Y'CbCr to R'G'B' in 0..255: scales and offsets for samples of one bit depth. */
export interface ColorCoefficients {
  readonly yOffset: number;
  readonly yScale: number;
  readonly chromaOffset: number;
  readonly redFromV: number;
  readonly greenFromU: number;
  readonly greenFromV: number;
  readonly blueFromU: number;
}

/** The coefficients for a colour space; limited range maps Y 16..235 and chroma 16..240 (times 2^(bitDepth - 8)) to 0..255. */
export function colorCoefficients(space: ColorSpace, bitDepth: number): ColorCoefficients {
  const [red, blue] = LUMA_WEIGHTS[space.matrix];
  const green = 1 - red - blue;
  const unit = 2 ** (bitDepth - 8);
  const full = 255 / (2 ** bitDepth - 1);
  const chroma = space.fullRange ? full : 255 / (224 * unit);
  return {
    yOffset: space.fullRange ? 0 : 16 * unit,
    yScale: space.fullRange ? full : 255 / (219 * unit),
    chromaOffset: 128 * unit,
    redFromV: 2 * (1 - red) * chroma,
    greenFromU: ((-2 * (1 - blue) * blue) / green) * chroma,
    greenFromV: ((-2 * (1 - red) * red) / green) * chroma,
    blueFromU: 2 * (1 - blue) * chroma,
  };
}
