import { writeSafetensors, type CheckpointTensor } from '@umt/checkpoint';
import { stateDict, type Module } from '@umt/nn';
import { classifierConfig, createClassifier, createStudent, studentConfig } from '@umt/vit';
import { cardMetadata, type ClassifierCard } from '../src/classifier/classifier-card.ts';
import { studentMetadata } from '../src/stage1/student-card.ts';

/** A classifier of clips of 4 frames, small enough to look at a video in milliseconds. Its head is not scaled down. */
export const TINY_CLASSIFIER = classifierConfig('B/16', {
  ...{ width: 24, depth: 2, heads: 3, imageSize: 48, frames: 4, classes: 5, initScale: 20 },
});

/** A student of the same size. */
export const TINY_STUDENT = studentConfig('B/16', {
  ...{ width: 24, depth: 2, heads: 3, imageSize: 48, frames: 4, alignedLayers: 1, targetWidth: 8 },
});

/** Names of the classifier's classes. */
export const CLASSES = ['left', 'right', 'up', 'down', 'still'];

/** What fine-tuning writes beside the weights. */
export function card(changes: Partial<ClassifierCard> = {}): ClassifierCard {
  return {
    model: TINY_CLASSIFIER,
    probeHeads: null,
    classes: CLASSES,
    task: 'cross-entropy',
    sampling: { kind: 'sparse' },
    shortSide: 48,
    ...changes,
  };
}

/** The classifier's tensors, made on the ambient engine. */
export async function classifierTensors(): Promise<ReadonlyMap<string, CheckpointTensor>> {
  return tensorsOf(createClassifier(TINY_CLASSIFIER, { seed: 1 }));
}

/** The student's tensors, made on the ambient engine. */
export async function studentTensors(): Promise<ReadonlyMap<string, CheckpointTensor>> {
  return tensorsOf(createStudent(TINY_STUDENT, { seed: 2 }));
}

/** A file as fine-tuning writes it. */
export async function classifierFile(changes: Partial<ClassifierCard> = {}): Promise<Uint8Array> {
  return writeSafetensors(await classifierTensors(), { format: 'pt', ...cardMetadata(card(changes)) });
}

/** A file as pre-training writes it. */
export async function studentFile(): Promise<Uint8Array> {
  return writeSafetensors(await studentTensors(), { format: 'pt', ...studentMetadata(TINY_STUDENT) });
}

async function tensorsOf(module: Module): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const arrays = await stateDict(module);
  module.dispose();
  return new Map([...arrays].map(([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }] as const));
}
