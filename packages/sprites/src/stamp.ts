import { cosine, sine } from './circle.ts';
import { EDGE, NOTHING, type Sprite } from './sprites.ts';

/** A sprite drawn once, to be looked up at any size and angle. */
export interface Stamp {
  /** Points of each side; they cover -EXTENT .. EXTENT of the drawing. */
  readonly side: number;
  /** What each point shows: 0 for nothing, 1 for the edge, then the sprite's own codes; row by row. */
  readonly codes: Uint8Array;
}

/** How far a drawing reaches with its edge, where its outlines reach 1. */
export const EXTENT = 1.12;
const SIDE = 112;
/** Points. */
const EDGE_WIDTH = 5;
const NEIGHBOURS = Array.from(
  { length: 16 },
  (_, step) => [Math.round(EDGE_WIDTH * cosine(step / 16)), Math.round(EDGE_WIDTH * sine(step / 16))] as const,
);

const drawn = new Map<Sprite, Stamp>();

/** A sprite with an edge around it, drawn at its first use. */
export function stampOf(sprite: Sprite): Stamp {
  const stamp = drawn.get(sprite) ?? drawStamp(sprite);
  drawn.set(sprite, stamp);
  return stamp;
}

function drawStamp(sprite: Sprite): Stamp {
  const bare = new Uint8Array(SIDE * SIDE);
  for (let point = 0; point < bare.length; point++) {
    bare[point] = sprite.codeAt(toDrawing(point % SIDE), toDrawing(Math.floor(point / SIDE)));
  }
  const isDrawn = (column: number, row: number) =>
    column >= 0 && row >= 0 && column < SIDE && row < SIDE && bare[row * SIDE + column] !== NOTHING;
  const codes = bare.map((code, point) => {
    if (code !== NOTHING) return code;
    const [column, row] = [point % SIDE, Math.floor(point / SIDE)];
    return NEIGHBOURS.some(([right, down]) => isDrawn(column + right, row + down)) ? EDGE : NOTHING;
  });
  return { side: SIDE, codes };
}

function toDrawing(place: number): number {
  return ((place + 0.5) / SIDE) * 2 * EXTENT - EXTENT;
}
