import { Parameter } from '@umt/nn';
import { add, multiply, reshape, scope, select, withoutGradients, type Tensor } from '@umt/tensor';
import { TrainOptionsError } from './errors.ts';

/**
 * An exponential moving average of parameters, on the device: after every applied update `average = decay x average +
 * (1 - decay) x value` (timm's ModelEma, which UMT's fine-tuning offers; no published recipe uses it). Give it to `train` as
 * `TrainOptions.averaging`, and run with the averages what should see them. It lives until `dispose()`.
 */
export class ParameterAverage {
  /** Share of the old average that stays at each update. */
  readonly decay: number;
  readonly #parameters: ReadonlyMap<string, Parameter>;
  readonly #averages: ReadonlyMap<string, Parameter>;
  #isInPlace = false;

  /**
   * Starts from the values that the parameters have now: load weights first.
   *
   * @param parameters by name; the averages of those that are not trainable stay what they are
   * @throws TrainOptionsError for a decay outside 0 <= decay < 1
   */
  constructor(parameters: ReadonlyMap<string, Parameter>, { decay }: { readonly decay: number }) {
    if (!(decay >= 0 && decay < 1)) {
      throw new TrainOptionsError(`averaging.decay must be at least 0 and less than 1, got ${decay}`);
    }
    this.decay = decay;
    this.#parameters = parameters;
    this.#averages = new Map([...parameters].map(([name, { value }]) => [name, new Parameter(copyOf(value))]));
  }

  /**
   * Takes the parameters' present values into the averages. `train` calls it after every step.
   * @param isApplied bool scalar: where false nothing changes
   */
  update(isApplied: Tensor): void {
    for (const [name, { value, trainable }] of this.#parameters) {
      const average = this.#averages.get(name);
      if (!trainable || !average) continue;
      scope(() => {
        const moved = add(multiply(average.value, this.decay), multiply(value, 1 - this.decay));
        average.assign(select(isApplied, moved, average.value));
      });
    }
  }

  /**
   * Runs something with the averages in place of the parameters' own values, which are put back when it has ended, bit for
   * bit, also where it throws: an evaluation, or writing the averaged model.
   *
   * @throws Error when such a run is under way already, and whatever `run` throws
   */
  async withAveragedParameters<T>(run: () => T | Promise<T>): Promise<T> {
    if (this.#isInPlace) throw new Error('ParameterAverage: the averages are in place already; one run at a time');
    this.#isInPlace = true;
    const own = [...this.#parameters].map(([name, parameter]) => {
      const value = copyOf(parameter.value);
      const average = this.#averages.get(name);
      if (average) parameter.assign(copyOf(average.value));
      return { parameter, value };
    });
    try {
      return await run();
    } finally {
      for (const { parameter, value } of own) parameter.assign(value);
      this.#isInPlace = false;
    }
  }

  /** The averages under `ema.<name>`, as checkpoints hold them. */
  state(): ReadonlyMap<string, Parameter> {
    return new Map([...this.#averages].map(([name, average]) => [`ema.${name}`, average]));
  }

  /** Disposes the averages; the parameters stay. */
  dispose(): void {
    for (const average of this.#averages.values()) average.dispose();
  }
}

/** A tensor of the same values with a life of its own. */
function copyOf(value: Tensor): Tensor {
  return withoutGradients(() => reshape(value, value.shape));
}
