import type { GradientRule } from '../dispatch.ts';
import type { PrimitiveName } from '../primitives.ts';
import { elementwiseRules } from './elementwise.ts';
import { reduceRules } from './reduce.ts';
import { shapeRules } from './shape.ts';

/** The rule of every differentiable primitive. A primitive without one (comparison, topK, oneHot, fill) gives constants. */
export const gradientRules: { readonly [P in PrimitiveName]?: GradientRule<P> } = {
  ...elementwiseRules,
  ...reduceRules,
  ...shapeRules,
};
