import { Tensor, type PrimitiveAttributes, type PrimitiveName } from '@umt/tensor';
import { describe, it } from 'vitest';
import { describeCase, type PrimitiveCase, type PrimitiveCases } from '../cases/contract.ts';
import { elementwiseCases } from '../cases/elementwise.ts';
import { layoutCases } from '../cases/layout.ts';
import { reduceCases } from '../cases/reduce.ts';
import type { EngineUnderTest } from '../describe-engine.ts';
import { expectReference, type Program } from '../evaluate.ts';

/** Calls of every primitive there is: one that the contract adds and nobody tests does not compile. */
const primitiveCases: PrimitiveCases<PrimitiveName> = { ...elementwiseCases, ...reduceCases, ...layoutCases };

/** Results with nothing to round: they are equal, or wrong. */
const EXACT: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  ...(['add', 'subtract', 'multiply', 'maximum', 'minimum', 'negative', 'absolute', 'square'] as const),
  ...(['equal', 'greater', 'greaterEqual', 'logicalAnd', 'logicalNot', 'isFinite', 'select'] as const),
  ...(Object.keys(layoutCases) as (keyof typeof layoutCases)[]).filter((name) => name !== 'segmentSum'),
  'max',
]);

/** Every primitive of the contract, element by element against the float64 reference. */
export function describePrimitives({ engine, tolerance }: EngineUnderTest): void {
  describe('primitives', () => {
    for (const primitive of Object.keys(primitiveCases) as PrimitiveName[]) {
      describe(primitive, () => {
        const cases: readonly PrimitiveCase<PrimitiveName>[] = primitiveCases[primitive];
        for (const { inputs, attributes } of cases) {
          it(describeCase(inputs, attributes), async () => {
            const program = programOf(primitive, attributes);
            await expectReference(engine, inputs, program, EXACT.has(primitive) ? 0 : tolerance);
          });
        }
      });
    }
  });
}

/** One primitive, run on the engine's handles with nothing in between. */
export function programOf<P extends PrimitiveName>(primitive: P, attributes: PrimitiveAttributes[P]): Program {
  return (inputs, engine) =>
    engine
      .run(
        primitive,
        inputs.map((input) => input.handle),
        attributes,
      )
      .map((handle) => Tensor.fromHandle(engine, handle));
}
