// State dicts of the reference implementation: UMT's and VideoMAE's pre-training models, and classifiers.
import {
  compareParameters,
  loadParameters,
  ParameterMismatchError,
  renamedSource,
  type ParameterReport,
  type ParameterSource,
} from '@umt/nn';
import { resizePositionTable } from '@umt/tokenizer';
import { clipGrid } from './check-size.ts';
import type { ClassifierConfig } from './classifier-config.ts';
import type { Classifier } from './classifier.ts';
import { sourceGrid } from './source-grid.ts';
import type { Student } from './student.ts';

/** A checkpoint does not hold what is asked of it. */
export class ReferenceCheckpointError extends Error {
  override readonly name = 'ReferenceCheckpointError';
}

/** How a classifier takes its values over. */
export interface LoadClassifierOptions {
  /**
   * What becomes of the head. `load`, the default: it is taken where it fits; of 710 classes a classifier of 400 takes the
   * first 400, which are Kinetics-400 in the reference's numbering. `new`: it stays as it is. Numbers: those rows of the
   * checkpoint's head, one for each class, as the reference's lists for Kinetics-600 and 700 name them.
   */
  readonly head?: 'load' | 'new' | readonly number[];
}

/** What became of every parameter of a model, and of every tensor of a checkpoint. */
export interface TransferReport extends ParameterReport {
  /** Parameters that have their values from the checkpoint. */
  readonly loaded: readonly string[];
  /** Of these, position tables that were resized to the model's clips. */
  readonly resized: readonly string[];
  /** Of these, heads of which some rows were taken. */
  readonly sliced: readonly string[];
  /** Tensors of the checkpoint, under its names, that classifiers have no use for: decoders, mask tokens, a head or norm not asked for. */
  readonly ignored: readonly string[];
}

/** The reference's first 400 of 710 classes. */
const [MIXED_CLASSES, FIRST_CLASSES] = [710, 400];
const HEAD = ['head.weight', 'head.bias'];
const PRETRAINING_ONLY = /^(clip_decoder|extra_teachers|decoder|encoder_to_decoder|mask_token|clip_mask_token)(\.|$)/;
const TRUNK = /^(patch_embed|blocks)\./;

/**
 * A state dict with the names that classifiers have: without `backbone.` or `encoder.`.
 *
 * @throws Error when two names become one
 */
export function trunkSource(checkpoint: ParameterSource): ParameterSource {
  return renamedSource(checkpoint, classifierName);
}

/** PyTorch's data-parallel wrappers put `module.` before every name. */
function withoutWrapper(name: string): string {
  return name.replace(/^module\./, '');
}

function classifierName(name: string): string {
  return withoutWrapper(name).replace(/^(backbone|encoder)\./, '');
}

/**
 * Sets a student's parameters from a pre-training checkpoint of the reference. Every name and shape must fit.
 *
 * @throws ParameterMismatchError of @umt/nn when something does not, before anything is changed
 */
export async function loadStudent(student: Student, checkpoint: ParameterSource): Promise<void> {
  await loadParameters(student, renamedSource(checkpoint, withoutWrapper));
}

/**
 * Sets a classifier's parameters from a checkpoint of the reference: a pre-training model (its encoder is taken; its norm too
 * with first-token pooling, as in the reference) or another classifier. A position table of other clips is resized, per
 * frame bicubically and linearly along time, from the grid that its length tells. The patch embedding and all blocks must
 * fit; whatever else is missing or of another size keeps its values and is reported.
 *
 * @throws ParameterMismatchError of @umt/nn when patch embedding or blocks do not fit (another size, other tubelets),
 *   ReferenceCheckpointError when rows of the head are named that it does not have; both before anything is changed
 */
export async function loadClassifier(
  classifier: Classifier,
  checkpoint: ParameterSource,
  { head = 'load' }: LoadClassifierOptions = {},
): Promise<TransferReport> {
  const { config } = classifier;
  const isIgnored = (name: string) =>
    PRETRAINING_ONLY.test(name) || isOtherNorm(name, config) || isUnwantedHead(name, head);
  const named = renamedSource(checkpoint, (original) => {
    const name = classifierName(original);
    return isIgnored(name) ? null : name;
  });
  const rows = headRows(named, config, head);
  const sliced = rows ? slicedSource(named, rows) : named;
  const resized = resizedSource(sliced, classifier);

  const report = compareParameters(classifier, resized);
  checkTrunk(report);
  await loadParameters(classifier, resized, { strict: false });
  const left = new Set([...report.missing, ...report.misshapen.map(({ name }) => name)]);
  return {
    ...report,
    loaded: [...classifier.parameters().keys()].filter((name) => !left.has(name)),
    resized: resized === sliced ? [] : ['pos_embed'],
    sliced: rows ? HEAD : [],
    ignored: [...checkpoint.shapes.keys()].filter((original) => isIgnored(classifierName(original))),
  };
}

/** The norm of the pooling that the classifier does not have. A pre-training model's is discarded with mean pooling. */
function isOtherNorm(name: string, { pooling }: ClassifierConfig): boolean {
  return name.startsWith(pooling === 'mean' ? 'norm.' : 'fc_norm.');
}

function isUnwantedHead(name: string, head: LoadClassifierOptions['head']): boolean {
  return head === 'new' && HEAD.includes(name);
}

/** The rows to be taken of the checkpoint's head; null for all. */
function headRows(
  source: ParameterSource,
  { classes }: ClassifierConfig,
  head: LoadClassifierOptions['head'],
): readonly number[] | null {
  const [available] = source.shapes.get('head.weight') ?? [];
  if (head === 'new') return null;
  if (head === 'load' || head === undefined) {
    const isFirstClasses = available === MIXED_CLASSES && classes === FIRST_CLASSES;
    return isFirstClasses ? Array.from({ length: FIRST_CLASSES }, (_, row) => row) : null;
  }
  if (available === undefined)
    throw new ReferenceCheckpointError("the checkpoint has no 'head.weight' to take rows of");
  if (head.length !== classes) {
    throw new ReferenceCheckpointError(`head: ${head.length} rows are named for a classifier of ${classes} classes`);
  }
  const wrong = head.find((row) => !Number.isInteger(row) || row < 0 || row >= available);
  if (wrong === undefined) return head;
  throw new ReferenceCheckpointError(
    `head: row ${wrong} is named, the checkpoint's head has rows 0 to ${available - 1}`,
  );
}

function slicedSource(source: ParameterSource, rows: readonly number[]): ParameterSource {
  const shapes = new Map(
    [...source.shapes].map(([name, shape]) => [name, HEAD.includes(name) ? [rows.length, ...shape.slice(1)] : shape]),
  );
  return {
    shapes,
    async read(name) {
      const data = await source.read(name);
      if (!HEAD.includes(name)) return data;
      const [available = 1] = source.shapes.get(name) ?? [];
      const length = data.length / available;
      const taken = new Float32Array(rows.length * length);
      for (const [place, row] of rows.entries())
        taken.set(data.subarray(row * length, (row + 1) * length), place * length);
      return taken;
    },
  };
}

/** With the position table at the classifier's size; the source itself where it already is, or cannot be brought to it. */
function resizedSource(source: ParameterSource, { pos_embed, config }: Classifier): ParameterSource {
  const [, positions = 0, width] = source.shapes.get('pos_embed') ?? [];
  if (!pos_embed || width !== config.width || positions === pos_embed.shape[1]) return source;
  const to = clipGrid(config);
  const from = sourceGrid(positions, { patch: config.patch, side: to.rows, frames: to.frames });
  if (!from) return source;
  return {
    shapes: new Map([...source.shapes, ['pos_embed', pos_embed.shape]]),
    read: async (name) => {
      const data = await source.read(name);
      return name === 'pos_embed' ? resizePositionTable(data, width, from, to) : data;
    },
  };
}

/** @throws ParameterMismatchError when patch embedding or blocks differ in any way */
function checkTrunk({ missing, unexpected, misshapen }: ParameterReport): void {
  const trunk = {
    missing: missing.filter((name) => TRUNK.test(name)),
    unexpected: unexpected.filter((name) => TRUNK.test(name)),
    misshapen: misshapen.filter(({ name }) => TRUNK.test(name)),
  };
  if (Object.values(trunk).some((differences) => differences.length > 0)) throw new ParameterMismatchError(trunk);
}
