import { random, type RandomStream } from '@umt/random';
import { drawBackground } from './background.ts';
import { ruleOf, SPRITE_MOTIONS, type SpriteClass } from './classes.ts';
import { drawGround, drawSprite } from './draw-frame.ts';
import { drawMotion } from './motion.ts';
import { drawPalette, type SpriteSplit } from './palette.ts';
import { TEST_SHAPES, TRAIN_SHAPES, uprightAngle } from './shapes.ts';
import { stampOf } from './stamp.ts';

/** Which clip, and its format. */
export interface SpriteClipOptions {
  readonly spriteClass: SpriteClass;
  readonly split: SpriteSplit;
  /** An integer, 0 <= seed < 2^53. */
  readonly seed: number;
  /** Number of the clip within its class and split, from 0. */
  readonly index: number;
  /** Pixels of each side. Default 64. */
  readonly size?: number;
  /** Default 16. */
  readonly frames?: number;
}

/** Raw frames. */
export interface SpriteClip {
  readonly size: number;
  readonly frames: number;
  /** RGB [frames, size, size, 3]. */
  readonly rgb: Uint8Array;
  /** Name of the shape that is shown. */
  readonly shape: string;
}

/** How far the camera shakes, as a share of the side. */
const SHAKE = 0.01;

/**
 * Renders one clip: a drawn sprite that moves, grows, appears or turns over a textured background, under a shaking camera.
 *
 * A clip is that of the same number in the opposite class, played backwards, so a frame whose place in time is not known, and
 * any set of frames without their order, tells nothing between the two. Shapes and hues of the two
 * splits are disjoint. The frames are a function of the options alone.
 *
 * @throws RangeError for an unknown class, and for a size, number of frames, seed or index out of range
 */
export function renderSpriteClip(options: SpriteClipOptions): SpriteClip {
  const { spriteClass, split, seed, index, size = 64, frames = 16 } = options;
  const { motion, backwards } = ruleOf(spriteClass);
  if (!Number.isInteger(size) || size < 16) {
    throw new RangeError(`sprite clip: size must be a whole number from 16 on, got ${size}`);
  }
  if (!Number.isInteger(frames) || frames < 2) {
    throw new RangeError(`sprite clip: frames must be a whole number from 2 on, got ${frames}`);
  }
  const draw = random({ seed, stream: `sprites ${split}`, step: SPRITE_MOTIONS.indexOf(motion), index });
  const shapes = split === 'train' ? TRAIN_SHAPES : TEST_SHAPES;
  const shape = shapes[draw.integer(0, shapes.length - 1)];
  if (!shape) throw new Error('there is a shape for every number');

  const palette = drawPalette(draw, split);
  const poses = drawMotion(draw, motion, { frames, upright: uprightAngle(shape) });
  const shakes = poses.map(() => [drawShake(draw), drawShake(draw)] as const);
  const margin = Math.ceil(SHAKE * size) + 1;
  const ground = drawBackground(draw, palette.ground, size + 2 * margin);
  const stamp = stampOf(shape);

  const rgb = new Uint8ClampedArray(frames * size * size * 3); // rounds to the nearest
  const picture = new Float32Array(size * size * 3);
  for (const [step, pose] of poses.entries()) {
    const [shakeX = 0, shakeY = 0] = (shakes[step] ?? []).map((shake) => shake * size);
    drawGround(picture, size, ground, margin + shakeX, margin + shakeY);
    const placed = { ...pose, x: pose.x * size - shakeX, y: pose.y * size - shakeY, radius: pose.radius * size };
    drawSprite(picture, size, stamp, palette, placed);
    rgb.set(picture, (backwards ? frames - 1 - step : step) * picture.length);
  }
  return { size, frames, rgb: new Uint8Array(rgb.buffer), shape: shape.name };
}

function drawShake(draw: RandomStream): number {
  return SHAKE * (2 * draw.uniform() - 1);
}
