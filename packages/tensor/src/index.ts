export { getEngine, setEngine } from './ambient.ts';
export {
  singleProcess,
  type Collective,
  type JoinedCollective,
  type Membership,
  type PendingSums,
} from './collective.ts';
export { checkpoint } from './checkpoint.ts';
export { gelu, quickGelu } from './composites/activations.ts';
export { attention, type AttentionOptions } from './composites/attention.ts';
export type {
  AdamWAttributes,
  AdamWHandles,
  AttentionAttributes,
  CompositeAttributes,
  CompositeKernel,
  CompositeKernels,
  CompositeName,
} from './composites/contract.ts';
export { compositeDefinitions } from './composites/index.ts';
export type { CompositeDefinition } from './composites/definition.ts';
export { l2Normalize } from './composites/l2-normalize.ts';
export { layerNorm } from './composites/layer-norm.ts';
export { linear } from './composites/linear.ts';
export {
  adamw,
  adamwDefinition,
  clipByGlobalNorm,
  sumOfSquaresDefinition,
  type AdamWResult,
  type AdamWState,
  type GlobalNorm,
} from './composites/optimizer.ts';
export { selectTokens } from './composites/select-tokens.ts';
export { logSoftmax, softmaxCrossEntropy } from './composites/softmax-cross-entropy.ts';
export { customGradient, stopGradient, type CustomGradient } from './custom-gradient.ts';
export { sizeOf, type DType, type Shape, type TypedArray } from './dtype.ts';
export type { Capabilities, Engine, EngineMemory, Handle } from './engine.ts';
export {
  valueAndGrad,
  vjp,
  type Differentiable,
  type GradientSource,
  type ValueAndGradOptions,
  type Variable,
} from './gradients.ts';
export { full, fullLike, ones, read, readScalar, scalar, tensor, tensorLike, zeros } from './operations/create.ts';
export {
  absolute,
  add,
  cast,
  divide,
  equal,
  erf,
  exp,
  greater,
  greaterEqual,
  isFinite,
  log,
  logicalAnd,
  logicalNot,
  maximum,
  minimum,
  multiply,
  negative,
  rsqrt,
  select,
  sigmoid,
  sqrt,
  square,
  subtract,
  tanh,
  type Operand,
} from './operations/elementwise.ts';
export { matmul, type MatmulOptions } from './operations/matmul.ts';
export { max, mean, softmax, sum, type ReduceOptions } from './operations/reduce.ts';
export {
  broadcastTo,
  concat,
  cumulativeSum,
  gather,
  oneHot,
  pad,
  reshape,
  segmentSum,
  slice,
  split,
  stack,
  topK,
  transpose,
} from './operations/shape.ts';
export type {
  MatmulAttributes,
  NoAttributes,
  PrimitiveAttributes,
  PrimitiveName,
  ReductionAttributes,
} from './primitives.ts';
export { dispose, keep, scope } from './scope.ts';
export { withoutGradients } from './tape.ts';
export { Tensor } from './tensor.ts';
