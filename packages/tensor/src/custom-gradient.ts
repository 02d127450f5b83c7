import { reshape } from './operations/shape.ts';
import { scope } from './scope.ts';
import { observersOf, withoutGradients, type Recording } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** One operation with a gradient of its own. */
export interface CustomGradient {
  readonly output: Tensor;
  /** Tensors that `backward` reads. */
  readonly saved?: readonly Tensor[];
  /** Gradients with respect to each input, from the output's; null where there is none. */
  readonly backward: (outputGradient: Tensor, saved: readonly Tensor[]) => readonly (Tensor | null)[];
}

/**
 * Runs `forward` as one operation: what happens inside is not recorded, and its own `backward` is used. A second derivative
 * sees what `backward` computes from the gradient and from saved inputs; other saved tensors are constants to it.
 */
export function customGradient(
  inputs: readonly Tensor[],
  forward: (...inputs: readonly Tensor[]) => CustomGradient,
): Tensor {
  return scope(() => {
    const { output: result, saved = [], backward } = withoutGradients(() => forward(...inputs));
    const observers = observersOf(inputs);
    // an input handed through is a value of its own from here on: its gradient is not the input's
    const isKnown = observers.some((observer) => observer.tracks(result));
    const output = isKnown ? stopGradient(result) : result;
    const recording: Recording = {
      inputs,
      outputs: [output],
      saved: () => saved,
      backward: (savedTensors, [gradient]) =>
        gradient
          ? backward(
              gradient,
              savedTensors.filter((tensor) => tensor !== null),
            )
          : [],
    };
    for (const observer of observers) observer.record(recording);
    return output;
  });
}

/** The same value as a constant: no gradient flows through it. */
export function stopGradient(x: Tensor): Tensor {
  return withoutGradients(() => reshape(x, x.shape));
}
