export { PatchEmbed, TubeletProjection, type PatchEmbedOptions } from './patch-embed.ts';
export { patchVectors } from './patches.ts';
export { resizePositionTable, sinusoidTable } from './position-table.ts';
export { addPositions } from './positions.ts';
export { bicubicMatrix, linearMatrix, type ResizeMatrix } from './resize-matrix.ts';
export { resizeVideo } from './resize-video.ts';
export { tokenCount, tokenGrid, type TokenGrid, type TubeletSize } from './token-grid.ts';
