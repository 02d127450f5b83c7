import * as z from 'zod';
import type { ClassifierConfig } from '@umt/vit';

/**
 * What a classifier's file says of itself beside its weights: enough to build it, to feed it and to name what it answers,
 * without a configuration.
 */
export interface ClassifierCard {
  readonly model: ClassifierConfig;
  /** Attention heads of the attentive probe whose parameters stand in the file as `probe.*`; null where the head answers. */
  readonly probeHeads: number | null;
  /** Names of the classes, by number. */
  readonly classes: readonly string[];
  /** Whether a video has one class (softmax) or any number of them (sigmoid). */
  readonly task: 'cross-entropy' | 'multi-label';
  /** How frames are sampled from a video. */
  readonly sampling: { readonly kind: 'sparse' | 'segments' } | { readonly kind: 'dense'; readonly rate: number };
  /** Pixels that the shorter side of a video is resized to. */
  readonly shortSide: number;
}

/** The key of a safetensors file's metadata that holds the card. */
const KEY = 'umt.classifier';

const count = z.number().int().positive();
const schema = z.object({
  model: z.object({
    width: count,
    depth: count,
    heads: count,
    mlpRatio: z.number().positive(),
    patch: count,
    tubelet: count,
    imageSize: count,
    frames: count,
    classes: count,
    pooling: z.enum(['mean', 'first-token']),
    qkvBias: z.boolean(),
    dropPath: z.number(),
    dropout: z.number(),
    initValues: z.number(),
    initScale: z.number(),
  }),
  probeHeads: z.nullable(count),
  classes: z.array(z.string()),
  task: z.enum(['cross-entropy', 'multi-label']),
  sampling: z.union([
    z.object({ kind: z.enum(['sparse', 'segments']) }),
    z.object({ kind: z.literal('dense'), rate: count }),
  ]),
  shortSide: count,
});

/** The card as metadata of a safetensors file. */
export function cardMetadata(card: ClassifierCard): Readonly<Record<string, string>> {
  return { [KEY]: JSON.stringify(card) };
}

/**
 * The card in a file's metadata; null where it has none, as the files of other programs.
 *
 * @param name what a message calls the file
 * @throws ClassifierCardError where it has one that cannot be understood
 */
export function readCard(metadata: Readonly<Record<string, string>>, name: string): ClassifierCard | null {
  const text = metadata[KEY];
  if (text === undefined) return null;
  const problem = (what: string) =>
    new ClassifierCardError(`${name}: its ${KEY} is ${what}; it was written by another version, or by hand`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw problem('no JSON');
  }
  const { data, error } = schema.safeParse(value);
  if (error) throw problem(`not understood at ${error.issues[0]?.path.join('.') ?? 'its top'}`);
  if (data.classes.length !== data.model.classes) {
    throw problem(`inconsistent: ${data.classes.length} names for ${data.model.classes} classes`);
  }
  return data;
}

/** What a classifier's file says of itself cannot be understood. */
export class ClassifierCardError extends Error {
  override readonly name = 'ClassifierCardError';
}
