export { alignmentLoss, type AlignmentLossKind } from './alignment.ts';
