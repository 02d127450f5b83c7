import type { RandomStream } from '@umt/random';
import { between, oneOf } from './between.ts';
import { cosine, sine } from './circle.ts';
import { drawNoise, drawRoughness, type Field } from './noise.ts';
import { drawHue, fromHsl, type Color } from './palette.ts';
import type { SpriteSplit } from './split.ts';

/** A picture in floats: RGB of 0 to 255, row by row. */
export interface Texture {
  /** Pixels of each side. */
  readonly side: number;
  readonly rgb: Float32Array;
}

/** A picture that is given to lie behind the sprites. */
export interface GroundPicture {
  readonly width: number;
  readonly height: number;
  /** RGB [height, width, 3]. */
  readonly rgb: Uint8Array;
}

/** What lies behind the sprites: drawn textures, drawn rock and hills that look like photographs, or a given picture. */
const GROUND_KINDS = ['clouds', 'stripes', 'checks', 'rings', 'rock', 'hills'] as const;

/** A kind of ground; `picture` is a given one. */
export type GroundKind = (typeof GROUND_KINDS)[number] | 'picture';

/** Draws which kind of ground a clip has; given pictures take the place of all others. */
export function drawGroundKind(draw: RandomStream, pictures: readonly GroundPicture[]): GroundKind {
  return pictures.length > 0 ? 'picture' : oneOf(draw, GROUND_KINDS);
}

/** Draws a ground of one kind. */
export function drawGround(
  draw: RandomStream,
  kind: GroundKind,
  split: SpriteSplit,
  side: number,
  pictures: readonly GroundPicture[],
): Texture {
  if (kind === 'picture') return cutOut(draw, oneOf(draw, pictures), side);
  const lightness = draw.uniform() < 0.5 ? between(draw, 0.18, 0.38) : between(draw, 0.62, 0.82);
  // one a little lighter, the next a little darker, so that a pattern can be seen
  const color = (side: 1 | -1) =>
    fromHsl(drawHue(draw, split), between(draw, 0.12, 0.45), lightness + side * between(draw, 0.04, 0.1));
  const colors = [color(1), color(-1), color(1), color(-1)] as const;
  return paint(draw, side, kind === 'hills' ? hills(draw, colors) : blend(fieldOf(draw, kind), colors));
}

/** Whether a ground is rather dark than light. */
export function isDark({ side, rgb }: Texture): boolean {
  let sum = 0;
  for (let place = 0; place < rgb.length; place += 3) {
    sum += 0.299 * (rgb[place] ?? 0) + 0.587 * (rgb[place + 1] ?? 0) + 0.114 * (rgb[place + 2] ?? 0);
  }
  return sum / (side * side) < 127.5;
}

/** The colour at a place. */
type Shading = (x: number, y: number) => Color;

/** Four colours of a ground. */
type Colors = readonly [Color, Color, Color, Color];

/** Fills a texture, with a fine grain over it. */
function paint(draw: RandomStream, side: number, shading: Shading): Texture {
  const grain = draw.fillUniform(new Float32Array(side * side), -6, 6);
  const rgb = new Float32Array(side * side * 3);
  for (let place = 0; place < side * side; place++) {
    const [red, green, blue] = shading((place % side) / side, Math.floor(place / side) / side);
    const speck = grain[place] ?? 0;
    rgb[3 * place] = red + speck;
    rgb[3 * place + 1] = green + speck;
    rgb[3 * place + 2] = blue + speck;
  }
  return { side, rgb };
}

function mix(first: Color, second: Color, share: number): Color {
  const at = (channel: 0 | 1 | 2) => first[channel] + (second[channel] - first[channel]) * share;
  return [at(0), at(1), at(2)];
}

function blend(field: Field, [first, second]: Colors): Shading {
  return (x, y) => mix(first, second, Math.min(1, Math.max(0, field(x, y))));
}

/** Layers of hills under a sky, paler the farther they are. */
function hills(draw: RandomStream, [sky, far, near, cloud]: Colors): Shading {
  const horizon = between(draw, 0.25, 0.5);
  const air = drawRoughness(draw, 2, 4);
  const growth = drawRoughness(draw, 8, 4);
  const layers = [0, 1, 2].map((layer) => {
    const skyline = drawRoughness(draw, 2 + layer, 5);
    const height = 0.3 - 0.06 * layer;
    const color = mix(mix(far, sky, 0.35), near, layer / 2);
    return { color, top: (x: number) => horizon + 0.2 * layer + height * (skyline(x, 0.5) - 0.5) };
  });
  return (x, y) => {
    const layer = layers.findLast(({ top }) => y > top(x));
    if (!layer) return mix(mix(sky, cloud, air(x, y)), [255, 255, 255], 0.15 * y);
    return mix(layer.color, [0, 0, 0], 0.14 * growth(x, y));
  };
}

function fieldOf(draw: RandomStream, kind: Exclude<GroundKind, 'picture' | 'hills'>): Field {
  const [coarse, fine] = [drawNoise(draw, 3), drawNoise(draw, 8)];
  const strength = between(draw, 0.06, 0.3);
  const bend: Field = (x, y) => strength * (coarse(x, y) - 0.5);
  const [angle, cycles] = [draw.uniform(), between(draw, 3, 7)];
  const [cos, sin] = [cosine(angle), sine(angle)];
  const [centreX, centreY] = [draw.uniform(), draw.uniform()];
  const wave = (phase: number) => 0.5 + 0.5 * sine(cycles * phase);
  switch (kind) {
    case 'clouds':
      return (x, y) => 0.65 * coarse(x, y) + 0.35 * fine(x, y);
    case 'stripes':
      return (x, y) => wave(cos * x + sin * y + bend(x, y));
    case 'checks':
      return (x, y) => {
        const moved = bend(x, y);
        const [along, across] = [wave(cos * x + sin * y + moved), wave(cos * y - sin * x + moved)];
        return along * across + (1 - along) * (1 - across);
      };
    case 'rings':
      return (x, y) => wave(Math.sqrt((x - centreX) ** 2 + (y - centreY) ** 2) + bend(x, y));
    case 'rock': {
      // lit from one side: bright where the surface falls towards the light
      const surface = drawRoughness(draw, 3, 5);
      const step = 0.012;
      return (x, y) => 0.5 + 4.5 * (surface(x, y) - surface(x + step * cos, y + step * sin)) + 0.5 * (fine(x, y) - 0.5);
    }
  }
}

/** A square part of a picture, as large as 0.6 of it or larger, resized by the mean of what lies in each pixel. */
function cutOut(draw: RandomStream, { width, height, rgb }: GroundPicture, side: number): Texture {
  const part = Math.round(Math.min(width, height) * between(draw, 0.6, 1));
  const [left, top] = [draw.integer(0, width - part), draw.integer(0, height - part)];
  const isMirrored = draw.uniform() < 0.5;
  const span = (place: number) => {
    const from = Math.floor((place * part) / side);
    return [from, Math.max(from + 1, Math.floor(((place + 1) * part) / side))] as const;
  };
  const out = new Float32Array(side * side * 3);
  for (let place = 0; place < side * side; place++) {
    const [x0, x1] = span(isMirrored ? side - 1 - (place % side) : place % side);
    const [y0, y1] = span(Math.floor(place / side));
    const share = 1 / ((x1 - x0) * (y1 - y0));
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const from = 3 * ((top + y) * width + left + x);
        for (let channel = 0; channel < 3; channel++) {
          out[3 * place + channel] = (out[3 * place + channel] ?? 0) + share * (rgb[from + channel] ?? 0);
        }
      }
    }
  }
  return { side, rgb: out };
}
