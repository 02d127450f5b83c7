export { alignmentLoss, type AlignmentLossKind } from './alignment.ts';
export { labelSmoothingCrossEntropy, softTargetCrossEntropy, type LabelSmoothingOptions } from './classification.ts';
export { multiLabelLoss } from './multi-label.ts';
export { pixelLoss, videoMaeTarget, type RgbTriple, type VideoMaeTargetOptions } from './pixel.ts';
