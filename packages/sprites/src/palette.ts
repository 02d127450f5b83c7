import type { RandomStream } from '@umt/random';

/** Which clips: those of `test` show shapes and colours that `train` never does. */
export type SpriteSplit = 'train' | 'test';

/** Red, green and blue from 0 to 255. */
export type Color = readonly [number, number, number];

/** The colours of one clip. */
export interface Palette {
  /** The background's two, alike in lightness. */
  readonly ground: readonly [Color, Color];
  readonly body: Color;
  readonly edge: Color;
  readonly dot: Color;
}

/** Degrees of the circle of hues that the splits take in turn. */
const SECTOR = 30;
/** Degrees at the ends of a sector that neither split uses. */
const GAP = 4;

/** Draws colours: the hues of the two splits are in different sectors, and the sprite is darker or lighter than the ground. */
export function drawPalette(draw: RandomStream, split: SpriteSplit): Palette {
  const between = (low: number, high: number) => low + (high - low) * draw.uniform();
  const hue = () => {
    const sector = 2 * draw.integer(0, 180 / SECTOR - 1) + (split === 'train' ? 0 : 1);
    return sector * SECTOR + between(GAP, SECTOR - GAP);
  };
  const groundIsDark = draw.uniform() < 0.5;
  const lightness = groundIsDark ? between(0.18, 0.4) : between(0.6, 0.82);
  const ground = () => fromHsl(hue(), between(0.15, 0.5), lightness + between(-0.08, 0.08));
  const light = () => between(0.62, 0.78);
  const dark = () => between(0.24, 0.36);
  return {
    ground: [ground(), ground()],
    body: fromHsl(hue(), between(0.7, 0.95), groundIsDark ? light() : dark()),
    edge: fromHsl(hue(), 0.5, groundIsDark ? 0.1 : 0.93),
    dot: fromHsl(hue(), between(0.7, 0.95), groundIsDark ? dark() : light()),
  };
}

/** Hue in degrees, saturation and lightness from 0 to 1. */
function fromHsl(hue: number, saturation: number, lightness: number): Color {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const place = (offset + hue / 30) % 12;
    return 255 * (lightness - chroma * Math.max(-1, Math.min(place - 3, 9 - place, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}
