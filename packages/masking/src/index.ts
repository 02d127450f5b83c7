export { drawVisible, exponentialNoise, isDrawable, type MaskDraw, type VisibleDraw } from './attention-mask.ts';
export {
  droppedTokens,
  hostVisible,
  maskOf,
  randomVisible,
  tubeVisible,
  visibleOf,
  type HostMaskKind,
  type MaskGrid,
} from './host-mask.ts';
export { visibleCount } from './visible-count.ts';
