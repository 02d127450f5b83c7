import { readFloat64 } from '@umt/conformance';
import {
  adamw,
  add,
  clipByGlobalNorm,
  dispose,
  scalar,
  scope,
  zeros,
  type AdamWAttributes,
  type AdamWState,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { elements, exact, expectClose, randomTensor, useReferenceEngine } from './support.ts';

const engine = useReferenceEngine();

const ATTRIBUTES: AdamWAttributes = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.05,
};

function stateOf(changes: Partial<AdamWState> = {}): AdamWState {
  return {
    parameter: exact([1, -2, 3]),
    gradient: exact([0.5, 0, -2]),
    firstMoment: exact([0.1, 0, 0.2]),
    secondMoment: exact([0.01, 0, 0.04]),
    step: exact([3], []),
    gradientScale: exact([0.25], []),
    apply: scalar(1, 'bool'),
    ...changes,
  };
}

/** Loshchilov and Hutter's algorithm 2 on plain numbers, with PyTorch's placing of epsilon. */
function closedForm(p: number, g: number, m: number, v: number, step: number, a: AdamWAttributes) {
  const first = a.beta1 * m + (1 - a.beta1) * g;
  const second = a.beta2 * v + (1 - a.beta2) * g * g;
  const decayed = p * (1 - a.learningRate * a.weightDecay);
  const corrected = first / (1 - a.beta1 ** step);
  const denominator = Math.sqrt(second / (1 - a.beta2 ** step)) + a.epsilon;
  return [decayed - (a.learningRate * corrected) / denominator, first, second] as const;
}

describe('adamw', () => {
  it('takes the step of the published algorithm', () => {
    scope(() => {
      const { parameter, firstMoment, secondMoment } = adamw(stateOf(), ATTRIBUTES);
      const expected = [
        closedForm(1, 0.125, 0.1, 0.01, 3, ATTRIBUTES),
        closedForm(-2, 0, 0, 0, 3, ATTRIBUTES),
        closedForm(3, -0.5, 0.2, 0.04, 3, ATTRIBUTES),
      ];
      expectClose(
        elements(parameter),
        expected.map(([p]) => p),
        1e-10,
      );
      expectClose(
        elements(firstMoment),
        expected.map(([, m]) => m),
      );
      expectClose(
        elements(secondMoment),
        expected.map(([, , v]) => v),
      );
    });
  });

  it('changes nothing where apply is false, whatever the gradient is', () => {
    scope(() => {
      const gradient = exact([NaN, Infinity, 1]);
      const { parameter, firstMoment, secondMoment } = adamw(
        stateOf({ gradient, apply: scalar(0, 'bool'), gradientScale: exact([NaN], []) }),
        ATTRIBUTES,
      );
      expect(elements(parameter)).toEqual([1, -2, 3]);
      expect(elements(firstMoment)).toEqual([0.1, 0, 0.2]);
      expect(elements(secondMoment)).toEqual([0.01, 0, 0.04]);
    });
  });

  it('corrects the bias to full accuracy at step 1 and at step 100000', () => {
    for (const [step, beta2] of [
      [1, 0.999],
      [1, 0.95],
      [100_000, 0.999],
      [2, 0],
    ] as const) {
      scope(() => {
        const attributes = { ...ATTRIBUTES, beta2, weightDecay: 0, epsilon: 0, beta1: beta2 };
        const state = stateOf({
          gradient: exact([1e-3, 2, -1]),
          gradientScale: exact([1], []),
          firstMoment: zeros([3]),
          secondMoment: zeros([3]),
          step: exact([step], []),
        });
        const moved = elements(adamw(state, attributes).parameter);
        const expected = [1e-3, 2, -1].map((g, at) => closedForm([1, -2, 3][at] ?? NaN, g, 0, 0, step, attributes)[0]);
        expectClose(moved, expected, 1e-12);
      });
    }
  });

  it('consumes parameter and moments and nothing else', () => {
    const state = stateOf();
    const result = adamw(state, ATTRIBUTES);
    expect([state.parameter, state.firstMoment, state.secondMoment].map((x) => x.isDisposed)).toEqual([
      true,
      true,
      true,
    ]);
    expect([state.gradient, state.step, state.gradientScale, state.apply].some((x) => x.isDisposed)).toBe(false);
    expect(engine().memory().tensors).toBe(3 + 4);
    dispose([state, result]);
  });

  it('names the tensor that does not fit, and consumes nothing then', () => {
    const state = stateOf();
    const wrong = exact([1, 2]);
    expect(() => adamw({ ...state, secondMoment: wrong }, ATTRIBUTES)).toThrow(
      "adamw: secondMoment [2] must have the parameter's shape [3]",
    );
    expect(() => adamw({ ...state, step: wrong }, ATTRIBUTES)).toThrow('adamw: step must be a scalar, got [2]');
    expect(() => adamw({ ...state, apply: state.step }, ATTRIBUTES)).toThrow('adamw: expected bool, got float32 []');
    expect(elements(state.parameter)).toEqual([1, -2, 3]);
    dispose([state, wrong]);
  });
});

describe('clipByGlobalNorm', () => {
  it('gives the norm over all gradients and the factor that brings it to the limit', () => {
    scope(() => {
      const gradients = [exact([3, 0], [2, 1]), exact([4]), exact([12], [])];
      const clipped = clipByGlobalNorm(gradients, 6.5);
      expect([clipped.norm, clipped.scale].map((x) => x.shape)).toEqual([[], []]);
      expectClose([...elements(clipped.norm), ...elements(clipped.scale)], [13, 6.5 / (13 + 1e-6)]);
      expect([clipped.isFinite.dtype, ...elements(clipped.isFinite)]).toEqual(['bool', 1]);
      expect(gradients.map((gradient) => gradient.isDisposed)).toEqual([false, false, false]);
    });
  });

  it('leaves small gradients and unlimited ones as they are', () => {
    scope(() => {
      const gradients = [exact([3]), exact([4])];
      expect(elements(clipByGlobalNorm(gradients, 5.1).scale)).toEqual([1]);
      expect(elements(clipByGlobalNorm(gradients, null).scale)).toEqual([1]);
      expect(elements(clipByGlobalNorm([zeros([2, 0]), zeros([2])], 1).norm)).toEqual([0]);
    });
  });

  it('says that a norm is not finite', () => {
    scope(() => {
      for (const bad of [NaN, Infinity, -Infinity]) {
        expect(elements(clipByGlobalNorm([exact([1]), exact([2, bad])], 1).isFinite)).toEqual([0]);
      }
    });
  });

  it('leaves only its three results alive', () => {
    const gradients = [randomTensor([3]), randomTensor([2, 2])];
    const clipped = clipByGlobalNorm(gradients, 1);
    expect(engine().memory().tensors).toBe(5);
    dispose([gradients, clipped]);
  });

  it('needs a gradient', () => {
    expect(() => clipByGlobalNorm([], 1)).toThrow('clipByGlobalNorm: needs at least one gradient');
  });
});

it('AdamW under clipping decreases a quadratic', () => {
  let state = { parameter: exact([1, -2, 3]), firstMoment: zeros([3]), secondMoment: zeros([3]) };
  const start = Math.hypot(...readFloat64(state.parameter));
  for (let step = 1; step <= 200; step++) {
    state = scope(() => {
      const gradient = add(state.parameter, state.parameter);
      const { scale, isFinite } = clipByGlobalNorm([gradient], 1);
      return adamw({ ...state, gradient, gradientScale: scale, apply: isFinite, step: scalar(step) }, ATTRIBUTES);
    });
  }
  expect(Math.hypot(...readFloat64(state.parameter))).toBeLessThan(0.5 * start);
  dispose(state);
});
