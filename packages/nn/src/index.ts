export { alignedLayers } from './aligned-layers.ts';
export { Attention, type AttentionBiases } from './attention.ts';
export { Block, type BlockOptions } from './block.ts';
export {
  dropPath,
  dropPathFactors,
  dropPathRates,
  keepOfBlock,
  type BlockKeep,
  type DropPathDraw,
} from './drop-path.ts';
export { dropoutFactors, type DropoutDraw } from './dropout.ts';
export {
  constant,
  initialize,
  normal,
  torchDefault,
  truncatedNormal,
  xavierUniform,
  type Initializer,
} from './initializers.ts';
export { LayerNorm } from './layer-norm.ts';
export { Linear } from './linear.ts';
export {
  arraySource,
  compareParameters,
  loadParameters,
  ParameterMismatchError,
  renamedSource,
  stateDict,
  type NamedArray,
  type ParameterReport,
  type ParameterSource,
} from './load-parameters.ts';
export { Mlp } from './mlp.ts';
export { Module } from './module.ts';
export { Parameter } from './parameter.ts';
export { valueIn } from './value-in.ts';
