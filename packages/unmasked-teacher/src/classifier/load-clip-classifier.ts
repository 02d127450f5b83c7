import { loadParameters, ParameterMismatchError, renamedSource, type ParameterSource } from '@umt/nn';
import { AttentiveProbe, Classifier, classifierConfigOf, loadClassifier, type ClassifierConfig } from '@umt/vit';
import type { ClassifierCard } from './classifier-card.ts';
import { ClipClassifier } from './clip-classifier.ts';

/**
 * What is known of a classifier whose file has no card: sizes from names and shapes, class numbers for names, and the reference's
 * way to sample frames.
 *
 * @param changes what the file does not tell, such as `heads` where they are not of width 64
 * @throws ReferenceCheckpointError of @umt/vit when it is no classifier
 */
export function guessCard(source: ParameterSource, changes: Partial<ClassifierConfig> = {}): ClassifierCard {
  const model = classifierConfigOf(source, changes);
  return {
    model,
    probeHeads: null,
    classes: Array.from({ length: model.classes }, (_, number) => String(number)),
    task: 'cross-entropy',
    sampling: { kind: 'sparse' },
    shortSide: model.imageSize,
  };
}

/**
 * A trained classifier on the ambient engine, every parameter from the file. Tensors that classifiers have no use for may be in it;
 * a position table may be missing.
 *
 * @throws ParameterMismatchError of @umt/nn when anything else is missing or does not fit
 */
export async function loadClipClassifier(card: ClassifierCard, source: ParameterSource): Promise<ClipClassifier> {
  const { model, probeHeads } = card;
  const probe = probeHeads === null ? null : new AttentiveProbe({ ...model, heads: probeHeads });
  const loaded = new ClipClassifier(new Classifier(model), probe);
  try {
    const trunk = renamedSource(source, (name) => (name.startsWith('probe.') ? null : name));
    const { missing, unexpected, misshapen } = await loadClassifier(loaded.classifier, trunk);
    const report = { missing: missing.filter((name) => name !== 'pos_embed'), unexpected, misshapen };
    if (Object.values(report).some((differences) => differences.length > 0)) throw new ParameterMismatchError(report);
    if (probe) {
      await loadParameters(
        probe,
        renamedSource(source, (name) => (name.startsWith('probe.') ? name.slice('probe.'.length) : null)),
      );
    }
    return loaded;
  } catch (error) {
    loaded.dispose();
    throw error;
  }
}
