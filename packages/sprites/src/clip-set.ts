import { SPRITE_CLASSES, type SpriteClass } from './classes.ts';
import { SPRITE_KINDS, type SpriteKind } from './sprites.ts';
import type { SpriteSplit } from './split.ts';

/** What decides the clips of a set. */
export interface ClipSetOptions {
  /** How many clips in all, spread evenly over the classes: the last ones may get one less. */
  readonly clips: number;
  /** An integer, 0 <= seed < 2^53. */
  readonly seed: number;
  /** Sprites and hues of one split are never seen in another. */
  readonly split: SpriteSplit;
  /** Default all 48. */
  readonly classes?: readonly SpriteClass[];
  /** Kinds of sprites that occur. Default all. */
  readonly kinds?: readonly SpriteKind[];
  /** Pixels of each side: even. Default 96. */
  readonly size?: number;
  /** Frames of a clip. Default 16. */
  readonly frames?: number;
  /** Frames per second. Default 8. */
  readonly fps?: number;
}

/** The options with their defaults. */
export type ClipSet = Required<ClipSetOptions>;

/** A clip of a set. */
export interface ListedClip {
  readonly label: SpriteClass;
  /** Number of the clip within its class, from 0. */
  readonly index: number;
  /** Path within the set's folder, with slashes. */
  readonly file: string;
}

/**
 * Fills in defaults.
 * @throws RangeError for numbers out of range
 */
export function clipSet(options: ClipSetOptions): ClipSet {
  const { clips, seed, split } = options;
  const { classes = SPRITE_CLASSES, kinds = SPRITE_KINDS, size = 96, frames = 16, fps = 8 } = options;
  requireWhole('clips', clips);
  requireWhole('fps', fps);
  if (size % 2 !== 0) throw new RangeError(`sprite clips: size must be even, as H.264 wants it, got ${size}`);
  if (classes.length === 0) throw new RangeError('sprite clips: classes must name at least one class');
  return { clips, seed, split, classes, kinds, size, frames, fps };
}

/** All clips of a set, class after class in turn, so that a larger set begins with the clips of a smaller one. */
export function listClips({ clips, classes }: Pick<ClipSet, 'clips' | 'classes'>): readonly ListedClip[] {
  return Array.from({ length: clips }, (_, number) => listedClip(classes, number));
}

/** One clip of a set. */
export function listedClip(classes: readonly SpriteClass[], number: number): ListedClip {
  const label = classes[number % classes.length];
  if (label === undefined) throw new RangeError('a set of clips has classes');
  const index = Math.floor(number / classes.length);
  return { label, index, file: `${label}/${String(index).padStart(5, '0')}.mp4` };
}

function requireWhole(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(`sprite clips: ${name} must be a whole number from 1 on, got ${value}`);
}
