import {
  sampleDenseTest,
  sampleDenseTrain,
  sampleDenseVal,
  sampleSegmentsTest,
  sampleSegmentsTrain,
  sampleSegmentsVal,
  sampleSparseTest,
  sampleSparseTrain,
  sampleSparseVal,
  type ClipShape,
  type RandomInt,
  type TestClip,
} from '@umt/video';
import type { ClassificationSampling } from './clip-options.ts';

const SPARSE: ClassificationSampling = { kind: 'sparse' };

/** Frames of a training clip. */
export function sampleTrain(
  shape: ClipShape,
  sampling: ClassificationSampling = SPARSE,
  randomInt: RandomInt,
): readonly number[] {
  if (sampling.kind === 'sparse') return sampleSparseTrain(shape, randomInt);
  if (sampling.kind === 'segments') return sampleSegmentsTrain(shape, randomInt);
  return sampleDenseTrain({ ...shape, rate: sampling.rate }, randomInt);
}

/** Frames of the one clip of validation: the middles. */
export function sampleValidation(shape: ClipShape, sampling: ClassificationSampling = SPARSE): readonly number[] {
  if (sampling.kind === 'sparse') return sampleSparseVal(shape);
  if (sampling.kind === 'segments') return sampleSegmentsVal(shape);
  return sampleDenseVal({ ...shape, rate: sampling.rate });
}

/** Frames of one of several test clips. */
export function sampleTest(
  shape: ClipShape,
  sampling: ClassificationSampling = SPARSE,
  which: TestClip,
): readonly number[] {
  if (sampling.kind === 'sparse') return sampleSparseTest(shape, which);
  if (sampling.kind === 'segments') return sampleSegmentsTest(shape, which);
  return sampleDenseTest({ ...shape, rate: sampling.rate }, which);
}
