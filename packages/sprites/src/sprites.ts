import { DIGIT_STYLES } from './digits.ts';
import { DRAWN_SHAPES, type DrawnShape, type Point } from './drawn-shapes.ts';
import { EMOJI_PICTURES } from './emoji-pictures.ts';
import { readEmoji, type EmojiPicture } from './emoji.ts';
import type { Color } from './palette.ts';
import type { SpriteSplit } from './split.ts';

/** The kinds of sprites. */
export const SPRITE_KINDS = ['shape', 'digit', 'emoji'] as const;

/** A kind of sprite. */
export type SpriteKind = (typeof SPRITE_KINDS)[number];

/** Code of a point that shows nothing. */
export const NOTHING = 0;
/** Code of a point of the edge around a sprite. */
export const EDGE = 1;
const BODY = 2;
const DOT = 3;
const FIRST_OWN = 2;

/** Something that moves. */
export interface Sprite {
  readonly kind: SpriteKind;
  /** What captions call it. */
  readonly name: string;
  /** Its own colours, in place of painted ones. */
  readonly colors: readonly Color[] | null;
  /** What a point shows, -1 .. 1 both ways with y downwards: 0 for nothing, 2 for the body, 3 for the dot, or 2 + own colour. */
  codeAt(x: number, y: number): number;
}

const known = new Map<string, readonly Sprite[]>();

/** The sprites of a split that are of one kind, made at their first use. */
export function spritesOf(split: SpriteSplit, kind: SpriteKind): readonly Sprite[] {
  const key = `${split} ${kind}`;
  const sprites = known.get(key) ?? MAKERS[kind](split);
  known.set(key, sprites);
  return sprites;
}

const MAKERS: Readonly<Record<SpriteKind, (split: SpriteSplit) => readonly Sprite[]>> = {
  shape: (split) => DRAWN_SHAPES[split].map(shapeSprite),
  digit: (split) => Array.from({ length: 10 }, (_, digit) => digitSprite(split, digit)),
  emoji: (split) => EMOJI_PICTURES[split].map(emojiSprite),
};

function shapeSprite({ name, outlines, dot }: DrawnShape): Sprite {
  return {
    kind: 'shape',
    name,
    colors: null,
    codeAt(x, y) {
      if (!isInside(outlines, x, y)) return NOTHING;
      return (x - dot.x) ** 2 + (y - dot.y) ** 2 < dot.radius ** 2 ? DOT : BODY;
    },
  };
}

function digitSprite(split: SpriteSplit, digit: number): Sprite {
  const isOn = DIGIT_STYLES[split];
  return {
    kind: 'digit',
    name: String(digit),
    colors: null,
    codeAt: (x, y) => (isOn(digit, x, y) ? BODY : NOTHING),
  };
}

function emojiSprite(picture: EmojiPicture): Sprite {
  const { colors, colorAt } = readEmoji(picture);
  return {
    kind: 'emoji',
    name: picture.name,
    colors,
    codeAt(x, y) {
      const color = colorAt(x, y);
      return color < 0 ? NOTHING : FIRST_OWN + color;
    },
  };
}

/** Whether a ray from the point crosses the outlines an odd number of times. */
function isInside(outlines: readonly (readonly Point[])[], x: number, y: number): boolean {
  let inside = false;
  for (const outline of outlines) {
    let [previousX, previousY] = outline[outline.length - 1] ?? [0, 0];
    for (const [cornerX, cornerY] of outline) {
      const crosses = cornerY > y !== previousY > y;
      if (crosses && x < cornerX + ((y - cornerY) / (previousY - cornerY)) * (previousX - cornerX)) inside = !inside;
      [previousX, previousY] = [cornerX, cornerY];
    }
  }
  return inside;
}
