import { gradientDeviation, readFloat64 } from '@umt/conformance';
import {
  add,
  dispose,
  exp,
  gelu,
  layerNorm,
  linear,
  log,
  matmul,
  mean,
  multiply,
  ones,
  scope,
  setEngine,
  sigmoid,
  softmax,
  square,
  stopGradient,
  subtract,
  sum,
  tanh,
  tensor,
  valueAndGrad,
  vjp,
  withoutGradients,
  zeros,
  type Tensor,
  type Variable,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { elements, exact, randomTensor, useReferenceEngine } from './support.ts';

const engine = useReferenceEngine();

describe('valueAndGrad', () => {
  it('returns the value and a gradient per source, inputs and parameters together', () => {
    scope(() => {
      const input = exact([1, 2, 3]);
      const parameter: Variable = { value: exact([4, 5, 6]) };
      const { value, gradients } = valueAndGrad(
        () => sum(multiply(input, square(parameter.value))),
        [input, parameter],
      );
      expect(elements(value)).toEqual([16 + 50 + 108]);
      expect(gradients.map(elements)).toEqual([
        [16, 25, 36],
        [8, 20, 36],
      ]);
    });
  });

  it('hands through whatever stands beside the loss', () => {
    scope(() => {
      const x = exact([3]);
      const { value } = valueAndGrad(() => ({ loss: sum(square(x)), doubled: multiply(x, 2), note: 'kept' }), [x]);
      expect([value.note, elements(value.loss), elements(value.doubled)]).toEqual(['kept', [9], [6]]);
    });
  });

  it('gives zeros to sources that the loss does not depend on', () => {
    scope(() => {
      const [x, unused] = [exact([1, 2]), exact([1, 2, 3, 4], [2, 2])];
      const { gradients } = valueAndGrad(() => {
        multiply(unused, 2); // used, but not by the loss
        return sum(x);
      }, [unused, x]);
      expect(gradients.map((gradient) => gradient.shape)).toEqual([[2, 2], [2]]);
      expect(gradients.map(elements)).toEqual([
        [0, 0, 0, 0],
        [1, 1],
      ]);
    });
  });

  it('gives one source asked for twice two gradients of its own', () => {
    scope(() => {
      const x = exact([2]);
      const { gradients } = valueAndGrad(() => sum(square(x)), [x, { value: x }, x]);
      expect(gradients.map(elements)).toEqual([[4], [4], [4]]);
      gradients[0]?.dispose();
      expect(gradients.slice(1).map(elements)).toEqual([[4], [4]]);
    });
  });

  it('adds up over every use of a source', () => {
    scope(() => {
      const x = exact([0.3, -0.7]);
      const f = (y: Tensor = x) => add(multiply(y, y), multiply(exp(y), add(y, y)));
      expect(gradientDeviation(f, [x])).toBeLessThan(1e-8);
    });
  });

  it('gives the loss itself gradient one, and a reused intermediate its sum', () => {
    scope(() => {
      const x = exact([5], []);
      expect(valueAndGrad(() => x, [x]).gradients.map(elements)).toEqual([[1]]);
      const { gradients } = valueAndGrad(() => {
        const y = multiply(x, 3);
        return add(add(y, y), y);
      }, [x]);
      expect(gradients.map(elements)).toEqual([[9]]);
    });
  });

  it('works on a scalar of any rank', () => {
    scope(() => {
      const x = exact([2], [1, 1]);
      const { value, gradients } = valueAndGrad(() => square(x), [x]);
      expect([value.shape, gradients[0]?.shape]).toEqual([
        [1, 1],
        [1, 1],
      ]);
    });
  });

  it('leaves only its results alive, without any scope', () => {
    const x = exact([1, 2]);
    const { value, gradients } = valueAndGrad(() => mean(square(softmax(add(x, 1)))), [x]);
    expect(engine().memory().tensors).toBe(3);
    dispose([x, value, gradients]);
  });

  it('leaves nothing alive when the function, a rule or a callback throws', () => {
    const x = exact([1, 2]);
    const boom = () => {
      throw new Error('boom');
    };
    const loss = () => sum(multiply(exp(x), square(x)));
    const inside = () => {
      loss();
      return boom();
    };
    expect(() => valueAndGrad(inside, [x])).toThrow('boom');
    expect(engine().memory().tensors).toBe(1);
    expect(() => valueAndGrad(() => square(x), [x])).toThrow('scalar');
    expect(engine().memory().tensors).toBe(1);
    expect(() => valueAndGrad(loss, [x], { onGradient: boom })).toThrow('boom');
    expect(engine().memory().tensors).toBe(1);
    const run = engine().run.bind(engine());
    engine().run = (primitive, inputs, attributes) =>
      primitive === 'divide' ? boom() : run(primitive, inputs, attributes);
    // the gradient of log divides: the walk fails half way back
    expect(() => valueAndGrad(() => sum(multiply(exp(x), log(square(x)))), [x, x])).toThrow('boom');
    expect(engine().memory().tensors).toBe(1);
    expect(elements(x)).toEqual([1, 2]);
    x.dispose();
  });
});

describe('onGradient', () => {
  it('is called once per source in the order in which gradients become final: the last used first', () => {
    scope(() => {
      const [first, second, third, unused] = [exact([1]), exact([2]), exact([3]), exact([4])];
      const order: number[] = [];
      const f = () => sum(multiply(multiply(multiply(first, 2), second), third));
      const { gradients } = valueAndGrad(f, [first, second, third, unused], {
        onGradient: (_, gradient, index) => {
          order.push(index);
          gradient.dispose();
        },
      });
      expect(gradients).toEqual([]);
      expect(order).toEqual([2, 1, 0, 3]);
    });
  });

  it('passes the source that was given, and a gradient that outlives every scope', () => {
    const parameter = { value: exact([3]), name: 'weight' };
    const kept: { readonly name: string; readonly gradient: Tensor }[] = [];
    scope(() => {
      valueAndGrad(() => sum(square(parameter.value)), [parameter], {
        onGradient: (source, gradient) => kept.push({ name: source.name, gradient }),
      });
    });
    expect(kept.map(({ name, gradient }) => [name, elements(gradient)])).toEqual([['weight', [6]]]);
    dispose([kept, parameter]);
  });

  it('leaves tensors that the callback makes to the caller', () => {
    const parameter = { value: exact([3]) };
    let accumulated = zeros([1]);
    const step = () =>
      valueAndGrad(() => sum(square(parameter.value)), [parameter], {
        onGradient: (_, gradient) => {
          const next = add(accumulated, gradient);
          dispose([accumulated, gradient]);
          accumulated = next;
        },
      });
    const values = [step().value, step().value];
    expect(elements(accumulated)).toEqual([12]);
    dispose([accumulated, values, parameter]);
  });

  it('lets an optimizer replace a parameter as soon as its gradient is final', () => {
    const weight = { value: exact([2, 3]) };
    const bias = { value: exact([1]) };
    const x = exact([0.5]);
    const { value } = valueAndGrad(() => sum(square(add(multiply(weight.value, x), bias.value))), [weight, bias], {
      onGradient: (source, gradient) => {
        const next = subtract(source.value, gradient);
        dispose([source.value, gradient]);
        source.value = next;
      },
    });
    // y = w / 2 + b = [2, 2.5]; dw = y, db = 2 (2 + 2.5)
    expect([elements(weight.value), elements(bias.value)]).toEqual([[0, 0.5], [-8]]);
    dispose([value, weight, bias, x]);
  });
});

describe('vjp', () => {
  it('pulls several seeds back at once, through shared work', () => {
    scope(() => {
      const x = randomTensor([2, 3], { seed: 1 });
      const weight = randomTensor([3, 2], { seed: 2 });
      const f = (a: Tensor = x, b: Tensor = weight) => {
        const hidden = tanh(matmul(a, b));
        return [hidden, softmax(hidden), a, sum(square(a), { axes: 0 })];
      };
      expect(gradientDeviation(f, [x, weight])).toBeLessThan(1e-8);
    });
  });

  it('counts a root that is named twice, and ignores one that depends on nothing', () => {
    scope(() => {
      const x = exact([1, 2]);
      const { values, gradients } = vjp(
        () => {
          const y = square(x);
          return [y, y, ones([3])];
        },
        [x],
        [exact([1, 1]), exact([10, 0]), exact([1, 1, 1])],
      );
      expect(values.map(elements)).toEqual([
        [1, 4],
        [1, 4],
        [1, 1, 1],
      ]);
      expect(gradients.map(elements)).toEqual([[22, 4]]);
    });
  });

  it('leaves the seeds alive and theirs', () => {
    const [x, seed] = [exact([2]), exact([5])];
    const { values, gradients } = vjp(() => [x], [x], [seed]);
    expect(gradients.map(elements)).toEqual([[5]]);
    dispose(gradients);
    expect(elements(seed)).toEqual([5]);
    expect(values[0]).toBe(x);
    dispose([x, seed]);
  });
});

describe('nested gradients', () => {
  const cube = (x: Tensor) => multiply(x, square(x));

  it('give second and third derivatives', () => {
    scope(() => {
      const x = exact([2], []);
      const derivative = (f: (y: Tensor) => Tensor) => (y: Tensor) => {
        const [gradient] = valueAndGrad(() => f(y), [y]).gradients;
        if (!gradient) throw new Error('no gradient');
        return gradient;
      };
      expect(elements(derivative(cube)(x))).toEqual([12]);
      expect(elements(derivative(derivative(cube))(x))).toEqual([12]);
      expect(elements(derivative(derivative(derivative(cube)))(x))).toEqual([6]);
    });
  });

  it('agree with finite differences through a small network of composites', () => {
    scope(() => {
      const x = randomTensor([2, 3], { seed: 1 });
      const weight = randomTensor([3, 3], { seed: 2 });
      const scale = randomTensor([3], { seed: 3 });
      const loss = (a: Tensor, w: Tensor, s: Tensor) => mean(square(gelu(layerNorm(linear(a, w), s, s, 1e-2))));
      const gradients = (a = x, w = weight, s = scale) => valueAndGrad(() => loss(a, w, s), [a, w, s]).gradients;
      expect(gradientDeviation(gradients, [x, weight, scale])).toBeLessThan(1e-7);
    });
  });

  it('penalise a gradient: the outer source need not be the inner one', () => {
    scope(() => {
      const x = randomTensor([4], { seed: 1 });
      const weight = randomTensor([4], { seed: 2 });
      const penalty = (w = weight) => {
        const [gradient] = valueAndGrad(() => sum(sigmoid(multiply(x, w))), [x]).gradients;
        return sum(square(gradient ?? x));
      };
      expect(gradientDeviation(penalty, [weight])).toBeLessThan(1e-8);
    });
  });

  it('see seeds that depend on an outer source', () => {
    scope(() => {
      const x = randomTensor([3], { seed: 1 });
      const outer = randomTensor([3], { seed: 2 });
      const f = (s = outer) => vjp(() => [gelu(x)], [x], [exp(s)]).gradients;
      expect(gradientDeviation(f, [outer])).toBeLessThan(1e-8);
    });
  });
});

describe('stopGradient and withoutGradients', () => {
  it('make constants', () => {
    scope(() => {
      const x = exact([3]);
      const stopped = valueAndGrad(() => sum(multiply(stopGradient(x), x)), [x]);
      expect(stopped.gradients.map(elements)).toEqual([[3]]);
      const outside = valueAndGrad(
        () =>
          sum(
            multiply(
              withoutGradients(() => square(x)),
              x,
            ),
          ),
        [x],
      );
      expect(outside.gradients.map(elements)).toEqual([[9]]);
    });
  });

  it('let gradients be taken inside', () => {
    scope(() => {
      const x = exact([3]);
      const inner = withoutGradients(() => valueAndGrad(() => sum(square(x)), [x]));
      expect(inner.gradients.map(elements)).toEqual([[6]]);
    });
  });
});

describe('errors', () => {
  it('say in one line what was wrong with losses, seeds and sources', () => {
    scope(() => {
      const x = exact([1, 2]);
      const whole = tensor(Int32Array.of(1), [1]);
      expect(() => valueAndGrad(() => square(x), [x])).toThrow(
        'valueAndGrad: the loss must be a floating scalar, got float32 [2]; reduce it with mean() or sum()',
      );
      expect(() => valueAndGrad(() => whole, [x])).toThrow('got int32 [1]');
      expect(() => valueAndGrad(() => sum(x), [x, whole])).toThrow(
        'valueAndGrad: source 1 is int32 [1]; only floating types have gradients',
      );
      expect(() => vjp(() => [x, x], [x], [x])).toThrow('vjp: 2 roots need as many seeds, got 1');
      expect(() => vjp(() => [sum(x)], [x], [x])).toThrow('vjp: root 0 is float32 [], but its seed is float32 [2]');
    });
  });

  it('do not need an engine that is set: gradients run where the tensors are', () => {
    scope(() => {
      const x = exact([3]);
      setEngine(undefined);
      const { gradients } = valueAndGrad(() => mean(square(add(x, 1))), [x]);
      expect(gradients.map((gradient) => [...readFloat64(gradient)])).toEqual([[8]]);
    });
  });
});
