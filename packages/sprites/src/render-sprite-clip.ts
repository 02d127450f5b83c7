import type { RandomStream } from '@umt/random';
import { drawStamp, fillGround } from './draw-frame.ts';
import { drawGround, isDark } from './ground.ts';
import { paletteOf } from './palette.ts';
import { planClip, type Actor, type SpriteClipOptions } from './plan-clip.ts';
import { stampOf } from './stamp.ts';

/** Raw frames. */
export interface SpriteClip {
  readonly size: number;
  readonly frames: number;
  /** RGB [frames, size, size, 3]. */
  readonly rgb: Uint8Array;
  /** Names of the sprites that are shown, that which acts first. */
  readonly sprites: readonly string[];
}

/** How far the camera shakes, as a share of the side. */
const SHAKE = 0.01;

/**
 * Renders one clip: one or two sprites that act, over a textured ground, under a shaking camera.
 *
 * A clip holds the frames of the clip of the same number in its class's partner, in another order: backwards, or twice at double
 * speed. So any set of frames without their order tells nothing between the two. Sprites and hues of the splits are
 * disjoint. The frames are a function of the options alone, the same bytes on every machine: they are computed with +, -,
 * *, / and square roots, which IEEE 754 rounds in one way.
 *
 * @throws RangeError for an unknown class, split or kind, and for a size, number of frames, seed or index out of range
 */
export function renderSpriteClip(options: SpriteClipOptions): SpriteClip {
  const { split, size, frames, order, actors, fromBehind, ground: kind, groundDraw } = planClip(options);
  const shakes = order.map(() => [drawShake(groundDraw), drawShake(groundDraw)] as const);
  const margin = Math.ceil(SHAKE * size) + 1;
  const ground = drawGround(groundDraw, kind, split, size + 2 * margin, options.pictures ?? []);
  const groundIsDark = isDark(ground);
  const cast = fromBehind.map((actor) => ({
    ...actor,
    stamp: stampOf(actor.sprite),
    colors: colorsOf(actor, groundIsDark),
  }));

  const rgb = new Uint8ClampedArray(frames * size * size * 3); // rounds to the nearest
  const picture = new Float32Array(size * size * 3);
  for (const [place, frame] of order.entries()) {
    const [shakeX, shakeY] = (shakes[frame] ?? [0, 0]).map((shake) => shake * size) as [number, number];
    fillGround(picture, size, ground, margin + shakeX, margin + shakeY);
    for (const { stamp, colors, poses } of cast) {
      const pose = poses[place];
      if (!pose) continue;
      const placed = { ...pose, x: pose.x * size - shakeX, y: pose.y * size - shakeY, radius: pose.radius * size };
      drawStamp(picture, size, stamp, colors, placed);
    }
    rgb.set(picture, place * picture.length);
  }
  return { size, frames, rgb: new Uint8Array(rgb.buffer), sprites: actors.map(({ sprite }) => sprite.name) };
}

/** The colours of a stamp's codes: nothing, the edge, then the sprite's own or what it is painted with. */
function colorsOf({ sprite, paint }: Actor, groundIsDark: boolean): Float32Array {
  const { edge, body, dot } = paletteOf(paint, groundIsDark);
  return Float32Array.from([[0, 0, 0], edge, ...(sprite.colors ?? [body, dot])].flat());
}

function drawShake(draw: RandomStream): number {
  return SHAKE * (2 * draw.uniform() - 1);
}
