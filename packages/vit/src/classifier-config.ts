import { dropPathRates } from '@umt/nn';
import { checkBlocks, checkCounts, checkHeads, clipGrid } from './check-size.ts';

/** A video classifier, complete. */
export interface ClassifierConfig {
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
  readonly classes: number;
  /**
   * What stands for the clip: the `mean` of all tokens, then `fc_norm`; or, after `norm`, the `first-token`. (There is no
   * class token.)
   */
  readonly pooling: 'mean' | 'first-token';
  /** Whether queries and values have a bias. */
  readonly qkvBias: boolean;
  /** DropPath rate of the last block; earlier ones have less. */
  readonly dropPath: number;
  /** Dropout rate before the head. */
  readonly dropout: number;
  /** LayerScale's initial value; 0 for none. */
  readonly initValues: number;
  /** Factor on the head's initial values. */
  readonly initScale: number;
}

/** A size by its short name. */
export type ClassifierSize = 'B/16' | 'L/16';

const COMMON = {
  mlpRatio: 4,
  patch: 16,
  tubelet: 1,
  imageSize: 224,
  frames: 8,
  classes: 400,
  pooling: 'mean',
  qkvBias: true,
  dropout: 0,
  initValues: 0,
  initScale: 0.001,
} as const;

/** The published classifiers: 8 frames of 224 x 224, Kinetics-400, the DropPath rates of their recipes. */
const SIZES: Readonly<Record<ClassifierSize, ClassifierConfig>> = {
  'B/16': { ...COMMON, width: 768, depth: 12, heads: 12, dropPath: 0.1 },
  'L/16': { ...COMMON, width: 1024, depth: 24, heads: 16, dropPath: 0.2 },
};

/**
 * A classifier's configuration: a published size, with any field replaced.
 *
 * @example
 * const config = classifierConfig('B/16', { classes: 10, frames: 16 });
 *
 * @throws RangeError naming the field that is wrong
 */
export function classifierConfig(size: ClassifierSize, changes: Partial<ClassifierConfig> = {}): ClassifierConfig {
  if (!Object.hasOwn(SIZES, size)) {
    throw new RangeError(`classifier: size '${size}' is none of ${Object.keys(SIZES).join(', ')}`);
  }
  const config = { ...SIZES[size], ...changes };
  checkClassifierConfig(config);
  return config;
}

/**
 * Checks that a configuration describes a model that can be built.
 *
 * @throws RangeError naming the field that is wrong
 */
export function checkClassifierConfig(config: ClassifierConfig): void {
  const { width, heads, pooling, dropPath, depth, dropout, initScale } = config;
  checkCounts('classifier', config, ['width', 'depth', 'heads', 'patch', 'tubelet', 'imageSize', 'frames', 'classes']);
  checkHeads('classifier', width, heads, ['width', 'heads']);
  checkBlocks('classifier', config);
  if (pooling !== 'mean' && pooling !== 'first-token') {
    throw new RangeError(`classifier: pooling must be 'mean' or 'first-token', got '${String(pooling)}'`);
  }
  if (!(dropout >= 0 && dropout < 1)) throw new RangeError(`classifier: dropout must be in [0, 1), got ${dropout}`);
  if (!Number.isFinite(initScale)) throw new RangeError(`classifier: initScale must be a number, got ${initScale}`);
  clipGrid(config);
  dropPathRates(dropPath, depth);
}
