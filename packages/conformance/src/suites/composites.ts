import {
  compositeDefinitions,
  Tensor,
  type CompositeAttributes,
  type CompositeDefinition,
  type CompositeKernel,
  type CompositeName,
  type Engine,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { compositeCases, type CompositeCase } from '../cases/composites.ts';
import { describeCase } from '../cases/contract.ts';
import type { EngineUnderTest } from '../describe-engine.ts';
import { evaluate, evaluateReference, expectAgreement, type Program } from '../evaluate.ts';
import { floats, upload, type HostTensor } from '../host-tensor.ts';
import { withoutKernels } from '../without-kernels.ts';

/**
 * Every composite as the engine runs it - both halves, every subset of gradients, extras handed from one half to the other
 * unseen - against its definition in primitives on the same engine, and against the float64 reference.
 */
export function describeComposites({ engine, tolerance }: EngineUnderTest): void {
  describe('composites', () => {
    for (const name of Object.keys(compositeCases) as CompositeName[]) {
      describe(name, () => {
        const cases: readonly CompositeCase<CompositeName>[] = compositeCases[name];
        for (const { inputs, attributes, what } of cases) {
          it(what ?? describeCase(present(inputs), attributes), async () => {
            const all = inputs.map(isFloat);
            const given = present(inputs);
            const program = (needs: readonly boolean[]) => halves(name, inputs, attributes, needs);
            const truth = await evaluateReference(given, program(all));
            expectAgreement(await evaluate(withoutKernels(engine), given, program(all)), truth, tolerance);
            // where the engine has no kernels of its own, that was all
            for (const needs of engine.composites[name] ? subsetsOf(name, inputs) : []) {
              const expected = truth.map((result, index) => (index === 0 || needs[index - 1] ? result : null));
              expectAgreement(await evaluate(engine, given, program(needs)), expected, tolerance);
            }
          });
        }
      });
    }

    it('give the same bits every time', async () => {
      for (const name of Object.keys(compositeCases) as CompositeName[]) {
        const cases: readonly CompositeCase<CompositeName>[] = compositeCases[name];
        for (const { inputs, attributes } of cases.slice(-2)) {
          const program = halves(name, inputs, attributes, inputs.map(isFloat));
          const first = await evaluate(engine, present(inputs), program);
          expectAgreement(await evaluate(engine, present(inputs), program), first, 0);
        }
      }
    });
  });
}

const isFloat = (input: HostTensor | null) => input?.dtype === 'float32';

function present(inputs: readonly (HostTensor | null)[]): readonly HostTensor[] {
  return inputs.filter((input) => input !== null);
}

/** Targets of the cross-entropy are constants; all other floating inputs may need a gradient. */
function isDifferentiable(name: CompositeName, input: HostTensor | null, index: number): boolean {
  return isFloat(input) && !(name === 'softmaxCrossEntropy' && index === 1);
}

/** Every set of inputs that may need a gradient. Backward is not asked for none. */
function subsetsOf(name: CompositeName, inputs: readonly (HostTensor | null)[]): readonly (readonly boolean[])[] {
  const subsets = inputs.reduce<readonly (readonly boolean[])[]>(
    (found, input, index) =>
      found.flatMap((subset) =>
        isDifferentiable(name, input, index)
          ? [
              [...subset, false],
              [...subset, true],
            ]
          : [[...subset, false]],
      ),
    [[]],
  );
  return subsets.filter((needs) => needs.includes(true));
}

/**
 * The output of a composite and the gradient per input, each half by the engine's own kernel where it has one and by the
 * definition where not.
 */
function halves<C extends CompositeName>(
  name: C,
  inputs: readonly (HostTensor | null)[],
  attributes: CompositeAttributes[C],
  needs: readonly boolean[],
): Program {
  return (uploaded, engine) => {
    const definition = compositeDefinitions[name] as unknown as CompositeDefinition<CompositeAttributes[C]>;
    const kernel = engine.composites[name] as CompositeKernel<CompositeAttributes[C]> | undefined;
    const queue = [...uploaded];
    const tensors = inputs.map((input) => input && (queue.shift() ?? null));
    const outputs = kernel?.forward
      ? wrap(engine, kernel.forward(tensors.map(handleOf), attributes))
      : definition.forward(tensors, attributes);
    const [output, ...extras] = outputs.flatMap((one) => one ?? []);
    if (!output) throw new Error(`${name}: no output`);
    const saved = [...definition.savedInputs.map((index) => tensors[index] ?? null), ...extras];
    const gradient = upload(engine, floats(output.shape, { seed: 9, low: -1, high: 1 }));
    const gradients = kernel?.backward
      ? wrap(engine, kernel.backward(saved.map(handleOf), gradient.handle, attributes, needs))
      : definition.backward(saved, gradient, attributes, needs);
    expect(gradients.length, 'gradients, one per input up to the last that has one').toBeLessThanOrEqual(inputs.length);
    const wanted = inputs.map((_, index) => gradients[index] ?? null);
    return [output, ...wanted];
  };
}

const handleOf = (tensor: Tensor | null) => tensor?.handle ?? null;

function wrap(engine: Engine, handles: readonly (Tensor['handle'] | null)[]): readonly (Tensor | null)[] {
  return handles.map((handle) => handle && Tensor.fromHandle(engine, handle));
}
