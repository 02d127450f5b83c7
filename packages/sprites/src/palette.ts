import type { RandomStream } from '@umt/random';
import { between } from './between.ts';
import type { SpriteSplit } from './split.ts';

/** Red, green and blue from 0 to 255. */
export type Color = readonly [number, number, number];

/** Names of the colours, in the order of their hues: each is a sixth of the circle, red that from -30 to 30 degrees. */
export const COLOR_NAMES = ['red', 'yellow', 'green', 'cyan', 'blue', 'purple'] as const;

/** What captions call a colour. */
export type ColorName = (typeof COLOR_NAMES)[number];

/** Degrees of hue that a name has, and that a split has of them: every name has all three splits. */
const NAMED = 60;
const SLICE = NAMED / 3;
/** Degrees at the ends of a slice that no split uses. */
const GAP = 3;
/** Which slice of a colour a split has: turned from name to name, so that no split has all the middles. */
const FIRST_SLICE: Readonly<Record<SpriteSplit, number>> = { train: 1, validation: 2, test: 0 };

/** What a sprite is painted with, once it is known whether what lies behind it is dark. */
export interface Paint {
  readonly name: ColorName;
  /** Degrees. */
  readonly hues: { readonly body: number; readonly edge: number; readonly dot: number };
  /** From 0 to 1. */
  readonly saturation: number;
  /** From 0 to 1: how far from the middle grey. */
  readonly contrast: number;
}

/** The colours of a sprite. */
export interface Palette {
  readonly edge: Color;
  readonly body: Color;
  readonly dot: Color;
}

/** Draws a hue that belongs to the split, of the named colour or of any. */
export function drawHue(draw: RandomStream, split: SpriteSplit, name?: ColorName): number {
  const zone = name === undefined ? draw.integer(0, COLOR_NAMES.length - 1) : COLOR_NAMES.indexOf(name);
  const slice = (FIRST_SLICE[split] + zone) % 3;
  return NAMED * zone - NAMED / 2 + SLICE * slice + between(draw, GAP, SLICE - GAP);
}

/** Draws what a sprite of a named colour is painted with. */
export function drawPaint(draw: RandomStream, split: SpriteSplit, name: ColorName): Paint {
  const hues = { body: drawHue(draw, split, name), edge: drawHue(draw, split), dot: drawHue(draw, split) };
  return { name, hues, saturation: between(draw, 0.75, 0.95), contrast: draw.uniform() };
}

/** A sprite on dark ground is light, one on light ground dark; the edge is as the ground, only more so. */
export function paletteOf({ hues, saturation, contrast }: Paint, groundIsDark: boolean): Palette {
  const light = 0.6 + 0.12 * contrast;
  const dark = 0.36 - 0.1 * contrast;
  return {
    edge: fromHsl(hues.edge, 0.5, groundIsDark ? 0.08 : 0.94),
    body: fromHsl(hues.body, saturation, groundIsDark ? light : dark),
    dot: fromHsl(hues.dot, saturation, groundIsDark ? dark : light),
  };
}

/** Hue in degrees, saturation and lightness from 0 to 1. */
export function fromHsl(hue: number, saturation: number, lightness: number): Color {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const place = (offset + hue / 30 + 12) % 12;
    return 255 * (lightness - chroma * Math.max(-1, Math.min(place - 3, 9 - place, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}
