import {
  add,
  dispose,
  gelu,
  keep,
  mean,
  multiply,
  scope,
  select,
  softmaxCrossEntropy,
  split,
  stack,
  sumOfSquaresDefinition,
  tensor,
  type Tensor,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { elements, exact, useReferenceEngine } from './support.ts';

const engine = useReferenceEngine();
const alive = () => engine().memory().tensors;

describe('scope', () => {
  it('disposes what it made and returns what it returns', () => {
    const kept = scope(() => {
      const x = exact([1, 2]);
      return multiply(add(x, 1), 2);
    });
    expect([elements(kept), alive()]).toEqual([[4, 6], 1]);
    kept.dispose();
  });

  it('finds returned tensors in arrays, maps, sets and plain objects, however deep, even in a circle', () => {
    const container = scope(() => {
      const inner: Record<string, unknown> = { x: exact([1]) };
      inner.self = inner;
      return { list: [exact([2]), [exact([3])]], map: new Map([['k', exact([4])]]), set: new Set([exact([5])]), inner };
    });
    expect(alive()).toBe(5);
    dispose(container);
    expect(alive()).toBe(0);
  });

  it('passes results to the enclosing scope', () => {
    scope(() => {
      const inner = scope(() => exact([1]));
      expect(elements(inner)).toEqual([1]);
      scope(() => void exact([2]));
      expect(alive()).toBe(1);
    });
    expect(alive()).toBe(0);
  });

  it('leaves tensors from outside alone, returned or not', () => {
    const outside = exact([1]);
    scope(() => outside);
    scope(() => [outside, exact([2])].length);
    expect([elements(outside), alive()]).toEqual([[1], 1]);
    outside.dispose();
  });

  it('disposes everything when the function throws, at any depth', () => {
    const failing = () =>
      scope(() => {
        exact([1]);
        scope(() => {
          exact([2]);
          throw new Error('boom');
        });
      });
    expect(failing).toThrow('boom');
    expect(alive()).toBe(0);
    scope(() => void exact([3])); // the stack of scopes is whole again
    expect(alive()).toBe(0);
  });

  it('refuses a promise', () => {
    expect(() => scope(() => Promise.resolve(exact([1])))).toThrow('scope() needs a synchronous function');
    expect(alive()).toBe(0);
  });

  it('lets kept tensors live on', () => {
    let kept: Tensor | undefined;
    scope(() => scope(() => void (kept = keep(exact([7])))));
    expect(kept && elements(kept)).toEqual([7]);
    kept?.dispose();
  });

  it('allows disposing early, and disposing twice', () => {
    scope(() => {
      const x = exact([1]);
      x.dispose();
      x.dispose();
      expect(x.isDisposed).toBe(true);
    });
    expect(alive()).toBe(0);
  });
});

describe('a tensor', () => {
  it('shares memory with its aliases until the last is disposed', () => {
    const x = exact([1, 2]);
    const alias = x.alias();
    expect([x.isSoleOwner, alias.id === x.id]).toEqual([false, true]);
    x.dispose();
    expect([elements(alias), alias.isSoleOwner]).toEqual([[1, 2], true]);
    expect(() => x.handle).toThrow('tensor [2] is already disposed; keep it with keep() or return it from its scope()');
    alias.dispose();
    expect(alive()).toBe(0);
  });

  it('is not released while it is shared', () => {
    const x = exact([1]);
    const alias = x.alias();
    expect(() => x.release()).toThrow('release() of a tensor whose memory is shared');
    alias.dispose();
    engine().free(x.release());
  });
});

describe('operations outside any scope', () => {
  it('leave their results alive and nothing else', () => {
    const inputs = { x: exact([1, 2, 3, 4], [2, 2]), mask: tensor([1, 0], [2], 'bool') };
    const results = {
      number: add(2, multiply(inputs.x, 3)),
      mean: mean(inputs.x),
      stack: stack([inputs.x, inputs.x]),
      select: select(inputs.mask, inputs.x, -1),
      split: split(inputs.x, 2, 0),
      gelu: gelu(inputs.x),
      loss: softmaxCrossEntropy(inputs.x, inputs.x),
      squares: sumOfSquaresDefinition([inputs.x, inputs.x]),
    };
    // two inputs, nine results, and the product inside the first
    expect(alive()).toBe(2 + 9 + 1);
    dispose([inputs, results]);
    expect(alive()).toBe(1);
    engine().dispose();
  });
});
