import { random, type RandomStream } from '@umt/random';
import { between, oneOf } from './between.ts';
import { sine } from './circle.ts';
import { frameOrder, ruleOf, SPRITE_MOTIONS, type SpriteClass, type SpriteMotion } from './classes.ts';
import { drawGroundKind, type GroundKind, type GroundPicture } from './ground.ts';
import { PAIR_MOTIONS } from './pair-motions.ts';
import { COLOR_NAMES, drawPaint, type Paint } from './palette.ts';
import type { Motion, Pose } from './pose.ts';
import { SINGLE_MOTIONS } from './single-motions.ts';
import { SPRITE_SPLITS, type SpriteSplit } from './split.ts';
import { SPRITE_KINDS, spritesOf, type Sprite, type SpriteKind } from './sprites.ts';

/** Which clip, and its format. */
export interface SpriteClipOptions {
  readonly spriteClass: SpriteClass;
  readonly split: SpriteSplit;
  /** An integer, 0 <= seed < 2^53. */
  readonly seed: number;
  /** Number of the clip within its class and split, from 0. */
  readonly index: number;
  /** Pixels of each side. Default 96. */
  readonly size?: number;
  /** Default 16. */
  readonly frames?: number;
  /** Kinds of sprites that occur. Default all. */
  readonly kinds?: readonly SpriteKind[];
  /** Pictures that lie behind the sprites, in place of drawn grounds. */
  readonly pictures?: readonly GroundPicture[];
}

/** A sprite of a clip. */
export interface Actor {
  readonly sprite: Sprite;
  /** What it is painted with; of an emoji, its edge alone. */
  readonly paint: Paint;
  /** As the clip is drawn, before its frames are put in order. */
  readonly drawnPoses: readonly Pose[];
  /** As the clip is shown. */
  readonly poses: readonly Pose[];
}

/** A clip before it is drawn. */
export interface ClipPlan {
  readonly spriteClass: SpriteClass;
  readonly split: SpriteSplit;
  readonly size: number;
  readonly frames: number;
  /** Which drawn frame is shown at each place. */
  readonly order: readonly number[];
  /** That which acts, and where there are two the other. */
  readonly actors: readonly Actor[];
  /** The actors from the hindmost on. */
  readonly fromBehind: readonly Actor[];
  readonly ground: GroundKind;
  /** What the ground and the camera are drawn from. */
  readonly groundDraw: RandomStream;
}

const MOTIONS: Readonly<Record<SpriteMotion, Motion>> = { ...SINGLE_MOTIONS, ...PAIR_MOTIONS };

/**
 * Plans a clip: which sprites, in which colours, move how, over which ground.
 * @throws RangeError for an unknown class, split or kind, and for a size, number of frames, seed or index out of range
 */
export function planClip(options: SpriteClipOptions): ClipPlan {
  const { spriteClass, split, seed, index, size = 96, frames = 16, kinds = SPRITE_KINDS, pictures = [] } = options;
  const rule = ruleOf(spriteClass);
  requireOneOf('split', split, SPRITE_SPLITS);
  for (const kind of kinds) requireOneOf('kind', kind, SPRITE_KINDS);
  if (kinds.length === 0)
    throw new RangeError(`sprite clip: kinds must name at least one of ${SPRITE_KINDS.join(', ')}`);
  requireAtLeast('size', size, 16);
  requireAtLeast('frames', frames, 8);
  const motion = MOTIONS[rule.motion];
  const key = { seed, step: SPRITE_MOTIONS.indexOf(rule.motion), index };
  const draw = random({ ...key, stream: `sprites ${split}` });
  const groundDraw = random({ ...key, stream: `ground ${split}` });

  const order = frameOrder(rule.order, frames);
  const drawnPoses = drawPoses(draw, motion, frames);
  const actors = drawCast(draw, motion, split, kinds).map((cast, place): Actor => {
    const own = drawnPoses.map((poses) => poseAt(poses, place));
    return { ...cast, drawnPoses: own, poses: order.map((frame) => poseAt(own, frame)) };
  });
  return {
    ...{ spriteClass, split, size, frames, order, actors },
    fromBehind: motion.actsBehind === true ? actors : actors.toReversed(),
    ground: drawGroundKind(groundDraw, pictures),
    groundDraw,
  };
}

/** The sprites of a motion: two differ in what they are and in colour, but where they are twins. */
function drawCast(draw: RandomStream, motion: Motion, split: SpriteSplit, kinds: readonly SpriteKind[]) {
  const color = draw.integer(0, COLOR_NAMES.length - 1);
  const sprite = oneOf(draw, spritesOf(split, oneOf(draw, kinds)));
  const paintOf = (zone: number) => drawPaint(draw, split, COLOR_NAMES[zone % COLOR_NAMES.length] ?? 'red');
  const first = { sprite, paint: paintOf(color) };
  if (motion.sprites === 1) return [first];
  if (motion.isTwins === true) return [first, first];
  const others = spritesOf(split, oneOf(draw, kinds)).filter((other) => other !== sprite);
  return [first, { sprite: oneOf(draw, others), paint: paintOf(color + draw.integer(1, COLOR_NAMES.length - 1)) }];
}

/** For each frame the poses of all sprites. */
function drawPoses(draw: RandomStream, motion: Motion, frames: number): readonly (readonly Pose[])[] {
  const { timing } = motion;
  const course = motion.course(draw);
  const isFree = timing === 'free';
  const [start, end] = isFree ? [between(draw, 0, 0.15), between(draw, 0.85, 1)] : [0, 1];
  const wobbles = Array.from({ length: 2 * motion.sprites }, () => (isFree ? drawWobble(draw) : () => 0));
  return Array.from({ length: frames }, (_, frame) => {
    const time = frame / (timing === 'cyclic' ? frames : frames - 1);
    const progress = Math.min(1, Math.max(0, (time - start) / (end - start)));
    return course(progress).map((pose, place) => ({
      ...pose,
      x: pose.x + (wobbles[2 * place]?.(time) ?? 0),
      y: pose.y + (wobbles[2 * place + 1]?.(time) ?? 0),
    }));
  });
}

/** A slow sine of random phase: as likely played forwards as backwards. */
function drawWobble(draw: RandomStream): (time: number) => number {
  const [extent, cycles, phase] = [between(draw, 0, 0.012), between(draw, 0.5, 2), draw.uniform()];
  return (time) => extent * sine(cycles * time + phase);
}

function poseAt(poses: readonly Pose[], place: number): Pose {
  const pose = poses[place];
  if (!pose) throw new Error(`there is no pose ${place} of ${poses.length}`);
  return pose;
}

function requireAtLeast(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(`sprite clip: ${name} must be a whole number from ${least} on, got ${value}`);
}

function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RangeError(`sprite clip: there is no ${name} '${value}'; there is ${allowed.join(', ')}`);
}
