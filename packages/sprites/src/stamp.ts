import type { Point, Shape } from './shapes.ts';

/** What a point of a drawn sprite shows. */
export const NOTHING = 0;
const EDGE = 1;
const BODY = 2;
const DOT = 3;

/** A shape drawn once, to be looked up at any size and angle. */
export interface Stamp {
  /** Points of each side; they cover -EXTENT .. EXTENT of the drawing. */
  readonly side: number;
  /** 0 for nothing, 1 for the edge, 2 for the body, 3 for the dot; row by row. */
  readonly codes: Uint8Array;
}

/** How far a drawing reaches with its edge, where its outlines reach 1. */
export const EXTENT = 1.15;
const SIDE = 112;
const EDGE_WIDTH = 0.11;
const NEIGHBOURS: readonly Point[] = Array.from({ length: 12 }, (_, step): Point => {
  const angle = (2 * Math.PI * step) / 12;
  return [EDGE_WIDTH * Math.cos(angle), EDGE_WIDTH * Math.sin(angle)];
});

const drawn = new Map<Shape, Stamp>();

/** A shape with its dot and an edge around it, drawn at its first use. */
export function stampOf(shape: Shape): Stamp {
  const stamp = drawn.get(shape) ?? drawStamp(shape);
  drawn.set(shape, stamp);
  return stamp;
}

function drawStamp({ outlines, dot }: Shape): Stamp {
  const codes = new Uint8Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [toDrawing(column), toDrawing(row)];
      codes[row * SIDE + column] = codeAt(x, y);
    }
  }
  return { side: SIDE, codes };

  function codeAt(x: number, y: number): number {
    if (isInside(outlines, x, y)) return (x - dot.x) ** 2 + (y - dot.y) ** 2 < dot.radius ** 2 ? DOT : BODY;
    return NEIGHBOURS.some(([dx, dy]) => isInside(outlines, x + dx, y + dy)) ? EDGE : NOTHING;
  }
}

function toDrawing(place: number): number {
  return ((place + 0.5) / SIDE) * 2 * EXTENT - EXTENT;
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
