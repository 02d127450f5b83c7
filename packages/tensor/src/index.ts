export type { DType, Shape, TypedArray } from './dtype.ts';
export { sizeOf } from './dtype.ts';
export type { Capabilities, Engine, EngineMemory, Handle } from './engine.ts';
export type { MatmulAttributes, NoAttributes, PrimitiveAttributes, PrimitiveName, ReductionAttributes } from './primitives.ts';
export type {
  AdamWAttributes,
  AdamWHandles,
  AttentionAttributes,
  CompositeAttributes,
  CompositeKernel,
  CompositeKernels,
  CompositeName,
} from './composites/contract.ts';
export type { Collective } from './collective.ts';
export { Tensor } from './tensor.ts';
export { dispose, keep, scope } from './scope.ts';
export type { GradientSource, ValueAndGradOptions, Variable } from './gradients.ts';
