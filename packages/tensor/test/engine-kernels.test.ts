import { gradientDeviation, ReferenceEngine } from '@umt/conformance';
import {
  adamw,
  clipByGlobalNorm,
  compositeDefinitions,
  dispose,
  gelu,
  getEngine,
  layerNorm,
  linear,
  mean,
  scalar,
  scope,
  square,
  sum,
  Tensor,
  valueAndGrad,
  vjp,
  zeros,
  type CompositeKernels,
  type Handle,
} from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { elements, exact, expectClose, randomTensor, useReferenceEngine } from './support.ts';

const calls: string[] = [];
beforeEach(() => void calls.splice(0));

/** Runs a definition on handles, as an engine's own kernel would. */
function onHandles(
  engine: ReferenceEngine,
  handles: readonly (Handle | null)[],
  f: (x: Tensor[]) => readonly Tensor[],
) {
  const wrapped = handles.map((handle) => {
    const copy = handle && engine.run('reshape', [handle], { shape: handle.shape })[0];
    return copy ? Tensor.fromHandle(engine, copy) : zeros([]);
  });
  const outputs = f(wrapped);
  const released = outputs.map((output) => (output.isSoleOwner ? output.release() : output.handle));
  dispose(wrapped);
  return released;
}

/** An engine with kernels of its own: gelu in both halves, linear's backward, layerNorm's forward, the optimizer. */
class KernelEngine extends ReferenceEngine {
  override readonly composites: CompositeKernels = {
    gelu: {
      // its own extra: the negated input
      forward: (inputs) => {
        calls.push('gelu forward');
        return onHandles(this, inputs, ([x = zeros([])]) => {
          const [output = x] = scope(() => compositeDefinitions.gelu.forward([x], {}));
          const [negated] = this.run('negative', [x.handle], {});
          return negated ? [output, Tensor.fromHandle(this, negated)] : [output];
        });
      },
      backward: (saved, gradient) => {
        calls.push(`gelu backward, ${saved.length} saved`);
        const extra = saved[1];
        const [x] = extra ? this.run('negative', [extra], {}) : [];
        const results = onHandles(this, [x ?? null, gradient], ([input = zeros([]), dy = zeros([])]) =>
          scope(() => compositeDefinitions.gelu.backward([input], dy, {}, [true]).flatMap((one) => one ?? [])),
        );
        if (x) this.free(x);
        return results;
      },
    },
    linear: {
      backward: (_, gradient, __, needs) => {
        calls.push(`linear backward, needs ${needs.join(' ')}`);
        const [bias] = this.run('sum', [gradient], { axes: [0], keepAxes: false });
        return [null, null, bias ?? null];
      },
    },
    layerNorm: {
      forward: (inputs, attributes) => {
        calls.push('layerNorm forward');
        return onHandles(this, inputs, (given) =>
          scope(() => compositeDefinitions.layerNorm.forward(given, attributes)),
        );
      },
    },
    sumOfSquares: (handles) => {
      calls.push(`sumOfSquares of ${handles.length}`);
      return this.upload(Float64Array.of(169), [], 'float32');
    },
    adamw: ({ parameter, firstMoment, secondMoment }) => {
      calls.push('adamw');
      for (const handle of [parameter, firstMoment, secondMoment]) this.free(handle);
      const made = () => this.upload(Float64Array.of(42), [1], 'float32');
      return [made(), made(), made()];
    },
  };
}

useReferenceEngine(() => new KernelEngine());

describe("an engine's own kernels", () => {
  it('run forward and backward, and get back the extras they gave', () => {
    scope(() => {
      const x = randomTensor([5]);
      expect(gradientDeviation((y = x) => gelu(y), [x])).toBeLessThan(1e-8);
      expect(calls).toContain('gelu forward');
      expect(calls).toContain('gelu backward, 2 saved');
    });
  });

  it('are not asked under nested gradients, which must see the primitives', () => {
    scope(() => {
      const x = randomTensor([3]);
      const derivative = (y = x) => valueAndGrad(() => sum(square(gelu(y))), [y]).gradients;
      derivative();
      expect(calls).toEqual(['gelu forward', 'gelu backward, 2 saved']);
      calls.length = 0;
      // both tapes are open from the start of f, so no kernel can run
      valueAndGrad(() => mean(square(derivative()[0] ?? x)), [x]);
      expect(calls).toEqual([]);
      expect(gradientDeviation(derivative, [x])).toBeLessThan(1e-7);
      // nor where only the seed depends on the outer source
      const seed = randomTensor([3], { seed: 4 });
      expect(gradientDeviation((s = seed) => vjp(() => [gelu(x)], [x], [s]).gradients, [seed])).toBeLessThan(1e-8);
    });
  });

  it('may be a backward alone, told which gradients are needed', () => {
    scope(() => {
      const [x, weight, bias] = [
        randomTensor([4, 2]),
        randomTensor([3, 2], { seed: 2 }),
        randomTensor([3], { seed: 3 }),
      ];
      const { gradients } = valueAndGrad(() => sum(linear(x, weight, bias)), [bias]);
      expect([calls, gradients.map(elements)]).toEqual([['linear backward, needs false false true'], [[4, 4, 4]]]);
    });
  });

  it('may be a forward alone, whose extras the definition reads', () => {
    scope(() => {
      const x = randomTensor([2, 3]);
      const [scale, shift] = [randomTensor([3], { seed: 2 }), randomTensor([3], { seed: 3 })];
      const f = (a = x, b = scale, c = shift) => layerNorm(a, b, c, 1e-2);
      expect(gradientDeviation(f, [x, scale, shift])).toBeLessThan(1e-8);
      expect(calls).toContain('layerNorm forward');
    });
  });

  it('take the optimizer over, unless somebody shares the memory it would write into', () => {
    const engine = getEngine();
    const state = () => ({
      parameter: exact([1]),
      gradient: exact([1]),
      firstMoment: exact([0]),
      secondMoment: exact([0]),
      step: exact([1], []),
      gradientScale: exact([1], []),
      apply: scalar(1, 'bool'),
    });
    const attributes = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };
    scope(() => {
      expect(elements(clipByGlobalNorm([exact([1]), exact([2])], 1).norm)).toEqual([13]);
      expect(elements(adamw(state(), attributes).parameter)).toEqual([42]);
      expect(calls).toEqual(['sumOfSquares of 2', 'adamw']);
      const shared = state();
      const alias = shared.parameter.alias();
      expectClose(elements(adamw(shared, attributes).parameter), [0.9], 1e-8);
      expect([calls.length, elements(alias)]).toEqual([2, [1]]);
      alias.dispose();
    });
    expect(engine.memory().tensors).toBe(0);
  });
});
