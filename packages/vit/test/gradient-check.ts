import { fromFloat64, readFloat64 } from '@umt/conformance';
import type { Parameter } from '@umt/nn';
import { dispose, scope, valueAndGrad, type Tensor } from '@umt/tensor';

const STEP = 1e-5;

/**
 * The largest difference between gradients and central finite differences in float64, relative where a gradient is larger
 * than 1, over an inner and the last element of every parameter. They are on a reference engine.
 */
export function parameterGradientDeviation(all: ReadonlyMap<string, Parameter>, loss: () => Tensor): number {
  const parameters = [...all.values()];
  const { gradients, value } = valueAndGrad(loss, parameters);
  const deviations = parameters.flatMap((parameter, index) => {
    const gradient = gradients[index];
    const analytic = gradient ? readFloat64(gradient) : new Float64Array();
    const { size } = parameter.value;
    return [...new Set([Math.floor(size / 3), size - 1])].map((element) => {
      const numeric = (lossAt(parameter, element, STEP, loss) - lossAt(parameter, element, -STEP, loss)) / (2 * STEP);
      return Math.abs((analytic[element] ?? NaN) - numeric) / Math.max(1, Math.abs(numeric));
    });
  });
  dispose([gradients, value]);
  return Math.max(...deviations);
}

/** The loss with one element of a parameter moved. */
function lossAt(parameter: Parameter, element: number, by: number, loss: () => Tensor): number {
  const original = readFloat64(parameter.value);
  const { engine } = parameter.value;
  parameter.assign(fromFloat64(engine, original.with(element, (original[element] ?? NaN) + by), parameter.shape));
  const moved = scope(loss);
  const [value = NaN] = readFloat64(moved);
  moved.dispose();
  parameter.assign(fromFloat64(engine, original, parameter.shape));
  return value;
}
