import { alignedLayers } from '@umt/nn';
import { tokenGrid } from '@umt/tokenizer';

/** A CLIP visual tower used as a frozen teacher, complete. */
export interface TeacherConfig {
  /** W, the width of its tokens. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Pixels of a patch per side. */
  readonly patch: number;
  /** Frames of a tubelet: the student's. Images are 1; a longer kernel is inflated from the image's. */
  readonly tubelet: number;
  /** Height and width in pixels at which it looks; its input is resized to it. */
  readonly resolution: number;
  /** C, the width of its features. */
  readonly outputWidth: number;
  /** K, how many of its last layers are returned. */
  readonly alignedLayers: number;
  /** Distance between these layers; may be fractional. */
  readonly layerInterval: number;
  /** Whether features are L2-normalised. */
  readonly normalize: 'l2' | 'none';
}

/** A size by its short name. */
export type TeacherSize = 'B/16' | 'L/14' | 'L/14-336';

const RECIPE = { tubelet: 1, alignedLayers: 6, layerInterval: 1, normalize: 'l2' } as const;
const BASE = { ...RECIPE, width: 768, layers: 12, heads: 12, patch: 16, outputWidth: 512 };
const LARGE = { ...RECIPE, width: 1024, layers: 24, heads: 16, patch: 14, outputWidth: 768 };

/**
 * OpenAI's towers at the resolution they were trained at. UMT's L/16 recipe runs L/14 at 196, so that its grid is the
 * student's: `teacherConfig('L/14', { resolution: 196 })`.
 */
const SIZES: Readonly<Record<TeacherSize, TeacherConfig>> = {
  'B/16': { ...BASE, resolution: 224 },
  'L/14': { ...LARGE, resolution: 224 },
  'L/14-336': { ...LARGE, resolution: 336 },
};

/**
 * A teacher's configuration: one of OpenAI's sizes, with any field replaced.
 *
 * @throws RangeError naming the field that is wrong
 */
export function teacherConfig(size: TeacherSize, changes: Partial<TeacherConfig> = {}): TeacherConfig {
  if (!Object.hasOwn(SIZES, size)) {
    throw new RangeError(`teacher: size '${size}' is none of ${Object.keys(SIZES).join(', ')}`);
  }
  const config = { ...SIZES[size], ...changes };
  checkTeacherConfig(config);
  return config;
}

/**
 * Checks that a configuration describes a model that can be built.
 *
 * @throws RangeError naming the field that is wrong
 */
export function checkTeacherConfig(config: TeacherConfig): void {
  const counts = [
    'width',
    'layers',
    'heads',
    'patch',
    'tubelet',
    'resolution',
    'outputWidth',
    'alignedLayers',
  ] as const;
  for (const field of counts) {
    if (!Number.isInteger(config[field]) || config[field] < 1) {
      throw new RangeError(`teacher: ${field} must be a positive integer, got ${config[field]}`);
    }
  }
  if (config.width % config.heads !== 0) {
    throw new RangeError(`teacher: heads must divide width, got ${config.heads} and ${config.width}`);
  }
  if (config.normalize !== 'l2' && config.normalize !== 'none') {
    throw new RangeError(`teacher: normalize must be 'l2' or 'none', got '${String(config.normalize)}'`);
  }
  patchesPerFrame(config);
  alignedLayers(config.layers, config.alignedLayers, config.layerInterval);
}

/** P, the patches of one frame. */
export function patchesPerFrame({ resolution, patch, tubelet }: TeacherConfig): number {
  const { rows, columns } = tokenGrid(
    { frames: tubelet, height: resolution, width: resolution },
    { frames: tubelet, patch },
  );
  return rows * columns;
}
