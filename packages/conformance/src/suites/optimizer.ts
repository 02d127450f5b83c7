import {
  adamw,
  adamwDefinition,
  clipByGlobalNorm,
  reshape,
  sumOfSquaresDefinition,
  Tensor,
  type AdamWAttributes,
  type AdamWResult,
  type AdamWState,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import type { EngineUnderTest } from '../describe-engine.ts';
import { evaluate, evaluateReference, expectAgreement, type Program } from '../evaluate.ts';
import { floats, given, type HostTensor } from '../host-tensor.ts';
import { createReferenceEngine } from '../reference-engine.ts';
import { withoutKernels } from '../without-kernels.ts';

const ATTRIBUTES: AdamWAttributes = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05 };

interface Update {
  readonly shape: readonly number[];
  readonly step?: number;
  readonly scale?: number;
  readonly apply?: boolean;
  readonly gradient?: HostTensor;
  readonly isFirst?: boolean;
}

function stateOf({
  shape,
  step = 3,
  scale = 0.5,
  apply = true,
  gradient,
  isFirst = false,
}: Update): readonly HostTensor[] {
  const moments = isFirst ? { low: 0, high: 0 } : { low: 0, high: 1 };
  return [
    floats(shape, { seed: 1 }),
    gradient ?? floats(shape, { seed: 2 }),
    floats(shape, { seed: 3, ...moments }),
    floats(shape, { seed: 4, ...moments }),
    given([step], []),
    given([scale], []),
    given([Number(apply)], [], 'bool'),
  ];
}

const updating =
  (attributes: AdamWAttributes, update: (state: AdamWState, attributes: AdamWAttributes) => AdamWResult): Program =>
  (tensors) => {
    const [parameter, gradient, firstMoment, secondMoment, step, gradientScale, apply] = tensors;
    if (!parameter || !gradient || !firstMoment || !secondMoment || !step || !gradientScale || !apply) return [];
    const state = { parameter, gradient, firstMoment, secondMoment, step, gradientScale, apply };
    const result = update(state, attributes);
    return [result.parameter, result.firstMoment, result.secondMoment];
  };

/** AdamW and the global norm, as the engine runs them, against their definitions on it and on the float64 reference. */
export function describeOptimizer({ engine, tolerance }: EngineUnderTest): void {
  describe('optimizer', () => {
    for (const shape of [[], [1], [7], [3, 1, 5], [2, 3, 1, 2, 2], [197, 65], [0, 3]]) {
      it(`adamw updates [${shape.join(', ')}]`, async () => {
        const inputs = stateOf({ shape });
        const truth = await evaluateReference(inputs, updating(ATTRIBUTES, adamwDefinition));
        expectAgreement(await evaluate(engine, inputs, updating(ATTRIBUTES, adamw)), truth, tolerance);
        const plain = withoutKernels(engine);
        expectAgreement(await evaluate(plain, inputs, updating(ATTRIBUTES, adamw)), truth, tolerance);
      });
    }

    it('adamw corrects the bias to 1e-6 at step 1, where beta 0.999 leaves a thousandth', async () => {
      // without decay the first step moves by learningRate * sign(g), whatever the gradient's size
      const attributes = { ...ATTRIBUTES, learningRate: 1, weightDecay: 0, epsilon: 0 };
      const gradient = given([1e-4, -3e-3, 0.2, -5]);
      const zero = given([0, 0, 0, 0]);
      for (const beta of [0.999, 0.9999, 0.95]) {
        const [, , ...scalars] = stateOf({ shape: [4], step: 1, scale: 1 }).slice(2);
        const inputs = [zero, gradient, zero, zero, ...scalars];
        const program = updating({ ...attributes, beta2: beta }, adamw);
        const [moved] = await evaluate(engine, inputs, program);
        for (const [at, sign] of [-1, 1, -1, 1].entries()) {
          expect(Math.abs((moved?.data[at] ?? NaN) - sign)).toBeLessThan(1e-6);
        }
      }
    });

    it('adamw at a late step, with other betas and no decay', async () => {
      for (const step of [1, 2, 1000, 250_000]) {
        const attributes = { ...ATTRIBUTES, beta1: 0.95, beta2: 0.98, weightDecay: 0, learningRate: 0.1 };
        const inputs = stateOf({ shape: [33], step, isFirst: step === 1 });
        const truth = await evaluateReference(inputs, updating(attributes, adamwDefinition));
        expectAgreement(await evaluate(engine, inputs, updating(attributes, adamw)), truth, tolerance);
      }
    });

    it('adamw changes nothing where apply is false, whatever the gradient holds', async () => {
      const gradient = given([NaN, Infinity, -Infinity, 1, 3e38]);
      for (const scale of [1, NaN, 0]) {
        const inputs = stateOf({ shape: [5], apply: false, gradient, scale });
        const [parameter, , first, second] = inputs;
        const found = await evaluate(engine, inputs, updating(ATTRIBUTES, adamw));
        expectAgreement(found, [parameter ?? null, first ?? null, second ?? null], 0);
      }
    });

    it('adamw leaves a parameter alone that somebody else still holds', async () => {
      const inputs = stateOf({ shape: [3] });
      const program: Program = (tensors, where) => {
        const alias = tensors[0]?.alias();
        const results = updating(ATTRIBUTES, adamw)(tensors, where);
        return alias ? [alias, ...results] : [];
      };
      expectAgreement(await evaluate(engine, inputs, program), await evaluateReference(inputs, program), tolerance);
    });

    it('adamw leaves memory alone that a reshaped tensor shares', async () => {
      const inputs = stateOf({ shape: [3, 2] });
      const program: Program = (tensors, where) => {
        const views = tensors.slice(0, 4).map((tensor) => reshape(tensor, [6]));
        return [...views, ...updating(ATTRIBUTES, adamw)(tensors, where)];
      };
      expectAgreement(await evaluate(engine, inputs, program), await evaluateReference(inputs, program), tolerance);
    });

    it('adamw takes as many tensors as it gives back', () => {
      const inputs = stateOf({ shape: [65, 3] }).map((input) =>
        Tensor.fromHandle(engine, engine.upload(input.data, input.shape, input.dtype)),
      );
      const before = engine.memory();
      const results = updating(ATTRIBUTES, adamw)(inputs, engine);
      expect(engine.memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
      for (const tensor of [...inputs, ...results]) tensor?.dispose();
    });

    it('the sum of squares over many gradients is that of its definition', async () => {
      const inputs = [
        floats([197, 65]),
        floats([]),
        floats([0, 2]),
        ...[1, 2, 3, 4].map((seed) => floats([seed, 33], { seed })),
      ];
      const kernel = engine.composites.sumOfSquares;
      const found = await evaluate(engine, inputs, (tensors) => [
        kernel
          ? Tensor.fromHandle(engine, kernel(tensors.map(({ handle }) => handle)))
          : sumOfSquaresDefinition(tensors),
      ]);
      const truth = await evaluate(createReferenceEngine(), inputs, (tensors) => [sumOfSquaresDefinition(tensors)]);
      expectAgreement(found, truth, tolerance);
    });

    it('clipping gives norm, factor and whether the norm is finite', async () => {
      const program =
        (limit: number | null): Program =>
        (tensors) => {
          const { norm, scale, isFinite } = clipByGlobalNorm(tensors, limit);
          return [norm, scale, isFinite];
        };
      const gradients = [floats([33, 7]), floats([5], { seed: 2 }), floats([], { seed: 3 })];
      for (const limit of [null, 1, 3, 1e6]) {
        const truth = await evaluateReference(gradients, program(limit));
        expectAgreement(await evaluate(engine, gradients, program(limit)), truth, tolerance);
      }
      for (const bad of [NaN, Infinity, -Infinity]) {
        const found = await evaluate(engine, [floats([33]), given([1, bad, 2])], program(1));
        expect(found[2]?.data[0], `isFinite of a gradient with ${bad}`).toBe(0);
      }
    });
  });
}
