export { answerAccuracy, type AnswerAccuracy, type QuestionId } from './answer-accuracy.ts';
export { ClassificationMeter } from './classification-meter.ts';
export {
  frameMeanAveragePrecision,
  type Box,
  type FrameBox,
  type FrameDetection,
  type FrameMapInput,
  type FrameMap,
} from './frame-map.ts';
export { retrievalRecall, type RecallAt, type RetrievalInput, type RetrievalRecall } from './retrieval-recall.ts';
export { softmax } from './softmax.ts';
export { topK } from './top-k.ts';
export { ViewMerger, type MergedViews, type ViewPlace } from './view-merger.ts';
