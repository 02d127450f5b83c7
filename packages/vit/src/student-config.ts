import { alignedLayers, dropPathRates } from '@umt/nn';
import type { TokenGrid } from '@umt/tokenizer';
import type { AlignmentTarget } from './alignment-head.ts';
import { checkBlocks, checkCounts, checkHeads, clipGrid } from './check-size.ts';

/** A UMT pre-training student, complete. What it has as an `AlignmentTarget` is for its only, or its first, teacher. */
export interface StudentConfig extends AlignmentTarget {
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
  /** Teachers beyond the first, each with heads of its own. UMT has none. */
  readonly extraTeachers: readonly AlignmentTarget[];
  /** DropPath rate of the last block; earlier ones have less. */
  readonly dropPath: number;
  /** LayerScale's initial value; 0 for none. */
  readonly initValues: number;
  /** Whether queries and values have a bias. */
  readonly qkvBias: boolean;
  /** Whether the encoder's positions are learned, as parameter `encoder.pos_embed`, and not the sine table. */
  readonly learnablePositions: boolean;
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
  checkCounts('student', config, ['width', 'depth', 'heads', 'patch', 'tubelet', 'imageSize', 'frames']);
  checkHeads('student', config.width, config.heads, ['width', 'heads']);
  checkBlocks('student', config);
  checkTarget('student', config, config.depth);
  for (const [index, target] of config.extraTeachers.entries()) {
    checkTarget(`student: extraTeachers[${index}]`, target, config.depth);
  }
  studentGrid(config);
  dropPathRates(config.dropPath, config.depth);
}

function checkTarget(where: string, target: AlignmentTarget, depth: number): void {
  checkCounts(where, target, ['alignedLayers', 'targetWidth']);
  if (target.normalize !== 'l2' && target.normalize !== 'none') {
    throw new RangeError(`${where}: normalize must be 'l2' or 'none', got '${String(target.normalize)}'`);
  }
  if (target.head !== 'linear' && target.head !== 'mlp') {
    throw new RangeError(`${where}: head must be 'linear' or 'mlp', got '${String(target.head)}'`);
  }
  alignedLayers(depth, target.alignedLayers, target.layerInterval);
}

/** The tokens of the student's input. */
export function studentGrid(config: StudentConfig): TokenGrid {
  return clipGrid(config);
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
    head: 'linear',
    extraTeachers: [],
    initValues: 0,
    qkvBias: true,
    learnablePositions: false,
  };
}
