import { alignedLayers, dropPathRates } from '@umt/nn';
import { tokenGrid, type TokenGrid } from '@umt/tokenizer';

/** A UMT pre-training student, complete. */
export interface StudentConfig {
  /** D, the width of its tokens. */
  readonly width: number;
  /** L, its transformer blocks. */
  readonly depth: number;
  readonly heads: number;
  /** Width of an MLP's hidden layer as a multiple of the width. */
  readonly mlpRatio: number;
  /** Pixels of a patch per side. */
  readonly patch: number;
  /** Frames of a tubelet. */
  readonly tubelet: number;
  /** Height and width of its input in pixels. */
  readonly imageSize: number;
  /** Frames of its input. */
  readonly frames: number;
  /** K, how many of its last layers are aligned with the teacher. */
  readonly alignedLayers: number;
  /** Distance between aligned layers; may be fractional. */
  readonly layerInterval: number;
  /** C, the width of the teacher's features. */
  readonly targetWidth: number;
  /** Whether its output is L2-normalised, as the teacher's then must be too. */
  readonly normalize: 'l2' | 'none';
  /** DropPath rate of the last block; earlier ones have less. */
  readonly dropPath: number;
  /** LayerScale's initial value; 0 for none. */
  readonly initValues: number;
}

/** A size by its short name. */
export type StudentSize = 'B/16' | 'L/16';

/** The published students with their recipes' settings: teachers CLIP B/16 and CLIP L/14, 8 frames of 224 x 224. */
const SIZES: Readonly<Record<StudentSize, StudentConfig>> = {
  'B/16': recipe({ width: 768, depth: 12, heads: 12, targetWidth: 512, dropPath: 0.1 }),
  'L/16': recipe({ width: 1024, depth: 24, heads: 16, targetWidth: 768, dropPath: 0.2 }),
};

/**
 * A student's configuration: a published size, with any field replaced.
 *
 * @example
 * const tiny = studentConfig('B/16', { width: 192, depth: 6, heads: 3, imageSize: 96, alignedLayers: 3 });
 *
 * @throws RangeError naming the field that is wrong
 */
export function studentConfig(size: StudentSize, changes: Partial<StudentConfig> = {}): StudentConfig {
  if (!Object.hasOwn(SIZES, size)) {
    throw new RangeError(`student: size '${size}' is none of ${Object.keys(SIZES).join(', ')}`);
  }
  const config = { ...SIZES[size], ...changes };
  checkStudentConfig(config);
  return config;
}

/**
 * Checks that a configuration describes a model that can be built.
 *
 * @throws RangeError naming the field that is wrong
 */
export function checkStudentConfig(config: StudentConfig): void {
  const counts = [
    'width',
    'depth',
    'heads',
    'patch',
    'tubelet',
    'imageSize',
    'frames',
    'alignedLayers',
    'targetWidth',
  ] as const;
  for (const field of counts) {
    if (!Number.isInteger(config[field]) || config[field] < 1) {
      throw new RangeError(`student: ${field} must be a positive integer, got ${config[field]}`);
    }
  }
  if (config.width % config.heads !== 0) {
    throw new RangeError(`student: heads must divide width, got ${config.heads} and ${config.width}`);
  }
  if (!(config.mlpRatio > 0)) throw new RangeError(`student: mlpRatio must be positive, got ${config.mlpRatio}`);
  if (!(config.initValues >= 0))
    throw new RangeError(`student: initValues must not be negative, got ${config.initValues}`);
  if (config.normalize !== 'l2' && config.normalize !== 'none') {
    throw new RangeError(`student: normalize must be 'l2' or 'none', got '${String(config.normalize)}'`);
  }
  studentGrid(config);
  alignedLayers(config.depth, config.alignedLayers, config.layerInterval);
  dropPathRates(config.dropPath, config.depth);
}

/** The tokens of the student's input. */
export function studentGrid({ frames, imageSize, tubelet, patch }: StudentConfig): TokenGrid {
  return tokenGrid({ frames, height: imageSize, width: imageSize }, { frames: tubelet, patch });
}

function recipe(size: Pick<StudentConfig, 'width' | 'depth' | 'heads' | 'targetWidth' | 'dropPath'>): StudentConfig {
  return {
    ...size,
    mlpRatio: 4,
    patch: 16,
    tubelet: 1,
    imageSize: 224,
    frames: 8,
    alignedLayers: 6,
    layerInterval: 1,
    normalize: 'l2',
    initValues: 0,
  };
}
