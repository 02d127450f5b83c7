import { engineOf } from '../ambient.ts';
import { fullLike } from '../operations/create.ts';
import {
  add,
  cast,
  divide,
  isFinite,
  minimum,
  multiply,
  select,
  sqrt,
  square,
  subtract,
  tanh,
} from '../operations/elementwise.ts';
import { sum } from '../operations/reduce.ts';
import { scope } from '../scope.ts';
import { expectDType, FLOATS, sameShape, show } from '../shapes.ts';
import { withoutGradients } from '../tape.ts';
import { Tensor } from '../tensor.ts';
import type { AdamWAttributes } from './contract.ts';

/** What one AdamW update works on. */
export interface AdamWState {
  readonly parameter: Tensor;
  /** In the parameter's shape. */
  readonly gradient: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
  /** float32 scalar: the number of this update, from 1. */
  readonly step: Tensor;
  /** float32 scalar the gradient is multiplied by: the clipping factor, or 1. */
  readonly gradientScale: Tensor;
  /** bool scalar: where false nothing changes. */
  readonly apply: Tensor;
}

/** The tensors that replace the consumed ones. */
export interface AdamWResult {
  readonly parameter: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
}

/**
 * One AdamW update (Loshchilov and Hutter): decay p by 1 - learningRate * weightDecay, then the Adam step with bias
 * correction, epsilon outside the root, as PyTorch does. Consumes parameter and moments: they are disposed, and their
 * memory may live on in the result.
 * @throws when shapes or dtypes do not fit; nothing is consumed then.
 */
export function adamw(state: AdamWState, attributes: AdamWAttributes): AdamWResult {
  checkAdamW(state);
  const { parameter, gradient, firstMoment, secondMoment, step, gradientScale, apply } = state;
  const consumedAndRead = [parameter, firstMoment, secondMoment, gradient, step, gradientScale, apply];
  const engine = engineOf('adamw', consumedAndRead);
  const consumed = [parameter, firstMoment, secondMoment];
  if (engine.composites.adamw && consumed.every((tensor) => tensor.isSoleOwner)) {
    const handles = {
      gradient: gradient.handle,
      step: step.handle,
      gradientScale: gradientScale.handle,
      apply: apply.handle,
      parameter: parameter.release(),
      firstMoment: firstMoment.release(),
      secondMoment: secondMoment.release(),
    };
    const [p, m, v] = engine.composites.adamw(handles, attributes).map((handle) => Tensor.fromHandle(engine, handle));
    if (!p || !m || !v) throw new Error('adamw: the engine returned too few tensors');
    return { parameter: p, firstMoment: m, secondMoment: v };
  }
  const result = withoutGradients(() => scope(() => adamwDefinition(state, attributes)));
  for (const tensor of consumed) tensor.dispose();
  return result;
}

function checkAdamW(state: AdamWState): void {
  const { parameter } = state;
  expectDType('adamw', parameter, ...FLOATS);
  for (const name of ['gradient', 'firstMoment', 'secondMoment'] as const) {
    expectDType('adamw', state[name], parameter.dtype);
    if (!sameShape(state[name].shape, parameter.shape)) {
      throw new Error(
        `adamw: ${name} ${show(state[name].shape)} must have the parameter's shape ${show(parameter.shape)}`,
      );
    }
  }
  for (const name of ['step', 'gradientScale', 'apply'] as const) {
    expectDType('adamw', state[name], name === 'apply' ? 'bool' : 'float32');
    if (state[name].shape.length !== 0)
      throw new Error(`adamw: ${name} must be a scalar, got ${show(state[name].shape)}`);
  }
}

/** `adamw` in primitives; consumes nothing. */
export function adamwDefinition(state: AdamWState, attributes: AdamWAttributes): AdamWResult {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = attributes;
  const { parameter, step, apply } = state;
  const gradient = multiply(state.gradient, state.gradientScale);
  const firstMoment = add(multiply(state.firstMoment, beta1), multiply(gradient, 1 - beta1));
  const secondMoment = add(multiply(state.secondMoment, beta2), multiply(square(gradient), 1 - beta2));
  const denominator = add(sqrt(divide(secondMoment, biasCorrection(step, beta2))), epsilon);
  const update = multiply(divide(divide(firstMoment, biasCorrection(step, beta1)), denominator), learningRate);
  return {
    parameter: select(apply, subtract(multiply(parameter, 1 - learningRate * weightDecay), update), parameter),
    firstMoment: select(apply, firstMoment, state.firstMoment),
    secondMoment: select(apply, secondMoment, state.secondMoment),
  };
}

/** 1 - beta^step without cancellation: with t = tanh(step ln(beta) / 2) it is -2t / (1 - t). */
function biasCorrection(step: Tensor, beta: number): Tensor {
  if (beta === 0) return fullLike(step, 1);
  const t = tanh(multiply(step, Math.log(beta) / 2));
  return divide(multiply(t, -2), subtract(1, t));
}

/** The global norm of a set of gradients and what to do with them. */
export interface GlobalNorm {
  /** float32 scalar: the L2 norm over all gradients together. */
  readonly norm: Tensor;
  /** float32 scalar: the factor that brings the norm down to the limit, at most 1. */
  readonly scale: Tensor;
  /** bool scalar: whether the norm is finite, so that the update may be applied. */
  readonly isFinite: Tensor;
}

/**
 * The global L2 norm of gradients and the factor that clips it, as torch.nn.utils.clip_grad_norm_ does (limit / (norm + 1e-6), at most 1).
 * Without a limit (null) the factor is 1. Nothing is read back, and no gradient is consumed.
 * @throws when there is no gradient.
 */
export function clipByGlobalNorm(gradients: readonly Tensor[], maxNorm: number | null): GlobalNorm {
  const [first] = gradients;
  if (!first) throw new Error('clipByGlobalNorm: needs at least one gradient');
  const engine = engineOf('clipByGlobalNorm', gradients);
  return withoutGradients(() =>
    scope(() => {
      const total = engine.composites.sumOfSquares
        ? Tensor.fromHandle(engine, engine.composites.sumOfSquares(gradients.map((gradient) => gradient.handle)))
        : sumOfSquaresDefinition(gradients);
      const norm = sqrt(total);
      const one = fullLike(norm, 1);
      return {
        norm,
        scale: maxNorm === null ? one : minimum(divide(maxNorm, add(norm, 1e-6)), one),
        isFinite: isFinite(norm),
      };
    }),
  );
}

/** The sum of squares over all tensors, in primitives: float32 scalar. */
export function sumOfSquaresDefinition(tensors: readonly Tensor[]): Tensor {
  return scope(() => tensors.map((tensor) => sum(square(cast(tensor, 'float32')))).reduce((a, b) => add(a, b)));
}
