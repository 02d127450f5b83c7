export { roundHalfToEven, type ClipShape, type DenseClipShape, type RandomInt, type TestClip } from './rules.ts';
export { sampleSegmentsTest, sampleSegmentsTrain, sampleSegmentsVal } from './segments.ts';
export { sampleSparseTest, sampleSparseTrain, sampleSparseVal } from './sparse.ts';
export {
  sampleDenseTest,
  sampleDenseTrain,
  sampleDenseVal,
  sampleDenseValAsReleased,
  sampleKeyFrameWindow,
  samplePretrainDense,
} from './dense.ts';
