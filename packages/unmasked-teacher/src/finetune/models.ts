import { initialize, xavierUniform, type ParameterSource } from '@umt/nn';
import { createAttentiveProbe, createClassifier, loadClassifier, type ClassifierConfig } from '@umt/vit';
import type { ClassifierCard } from '../classifier/classifier-card.ts';
import { ClipClassifier } from '../classifier/clip-classifier.ts';
import type { FinetuneConfig } from '../config/finetune-config.ts';

/** What a run's classifier will say of itself. */
export function cardOf(config: FinetuneConfig, classes: readonly string[]): ClassifierCard {
  const { model, video, loss, evaluation, method } = config;
  return {
    model: classifierOptionsOf(config, classes.length),
    probeHeads: method === 'attentive-probe' ? model.heads : null,
    classes,
    task: loss.kind,
    sampling: samplingOf(config),
    shortSide: evaluation.shortSide ?? video.size,
  };
}

/** How frames are sampled, as @umt/data takes it. */
export function samplingOf({ video }: Pick<FinetuneConfig, 'video'>): ClassifierCard['sampling'] {
  return video.sampling === 'dense' ? { kind: 'dense', rate: video.stride } : { kind: video.sampling };
}

function classifierOptionsOf({ model, video }: FinetuneConfig, classes: number): ClassifierConfig {
  return {
    width: model.width,
    depth: model.depth,
    heads: model.heads,
    mlpRatio: model.mlpRatio,
    patch: model.patchSize,
    tubelet: model.tubelet,
    imageSize: video.size,
    frames: video.frames,
    classes,
    pooling: model.pooling,
    qkvBias: true,
    dropPath: model.dropPath,
    dropout: model.dropout,
    initValues: model.layerScale,
    initScale: model.headScale,
  };
}

/** Where a classifier's values come from. */
export interface StartingPoint {
  /** A pre-trained student or another classifier. */
  readonly weights: ParameterSource;
  /** Rows of its head, one for each class; null for all. */
  readonly headRows: readonly number[] | null;
}

/** A new classifier, and one line about each thing of its starting point that did not become part of it. */
export interface BuiltClassifier {
  readonly model: ClipClassifier;
  readonly remarks: readonly string[];
}

/**
 * The classifier of a run, on the ambient engine. Without a starting point it begins as an untrained student does, with
 * Xavier-uniform weights (the fine-tuning files' std of 0.02 is meant for weights that are then replaced, and stalls narrow
 * models).
 *
 * @throws ParameterMismatchError of @umt/nn when the starting point is a model of another size, ReferenceCheckpointError of
 *   @umt/vit for rows that its head does not have
 */
export async function buildClassifier(
  config: FinetuneConfig,
  { model: size, probeHeads }: ClassifierCard,
  start: StartingPoint | null,
): Promise<BuiltClassifier> {
  const { seed } = config;
  const classifier = createClassifier(size, { seed });
  const probe = probeHeads === null ? null : createAttentiveProbe({ ...size, heads: probeHeads }, { seed });
  const model = new ClipClassifier(classifier, probe);
  try {
    if (start === null) {
      initialize(classifier, seed, (name, { shape }) =>
        name.startsWith('blocks.') && shape.length === 2 ? xavierUniform : null,
      );
      return { model, remarks: [] };
    }
    const head = config.from.head === 'new' || probe ? 'new' : (start.headRows ?? 'load');
    const { missing, misshapen, unexpected, resized } = await loadClassifier(classifier, start.weights, { head });
    const kept = missing.filter((name) => name !== 'pos_embed' && !(head === 'new' && name.startsWith('head.')));
    return {
      model,
      remarks: [
        ...(kept.length > 0 ? [`not in the starting weights, so they begin anew: ${kept.join(', ')}`] : []),
        ...misshapen.map(
          ({ name, expected, found }) =>
            `${name} of the starting weights is [${found.join(', ')}], needed is [${expected.join(', ')}]: it begins anew`,
        ),
        ...(unexpected.length > 0 ? [`in the starting weights, but of no use: ${shortened(unexpected)}`] : []),
        ...(resized.length > 0 ? ['the positions of the starting weights were resized to this clip size'] : []),
      ],
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function shortened(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ');
}
