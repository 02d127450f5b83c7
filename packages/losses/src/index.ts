export { alignmentLoss, type AlignmentLossKind } from './alignment.ts';
export { pixelLoss, videoMaeTarget, type RgbTriple, type VideoMaeTargetOptions } from './pixel.ts';
