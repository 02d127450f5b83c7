import { sizeOf, type Shape } from '@umt/tensor';
import type { TorchHandle } from '../torch/handle.ts';
import { DTYPE_CODES } from '../torch/native.ts';
import type { Torch } from '../torch/torch.ts';
import { needed, type TorchComposite } from './types.ts';

/** x times the transpose of a weight, plus a bias, as one product of matrices. */
export const linear: TorchComposite<'linear'> = {
  forward: (torch, [input, matrix, bias]) => {
    const [x, weight] = [needed(input), needed(matrix)];
    const outputs = weight.shape[0] ?? 0;
    const rows = torch.one('reshape', x, asRows(x.shape));
    const columns = torch.one('t', weight);
    const product = bias ? torch.one('addmm', bias, rows, columns) : torch.one('mm', rows, columns);
    return [torch.one('_unsafe_view', product, [...x.shape.slice(0, -1), outputs])];
  },
  backward: (torch, [input, matrix], gradient, _, needs) => {
    const [x, weight] = [needed(input), needed(matrix)];
    const dy = torch.one('reshape', gradient, asRows(gradient.shape));
    const towardsWeight = () => torch.one('mm', torch.one('t', dy), torch.one('reshape', x, asRows(x.shape)));
    return [
      needs[0] ? torch.one('_unsafe_view', torch.one('mm', dy, weight), x.shape) : null,
      needs[1] ? towardsWeight() : null,
      needs[2] ? torch.one('sum.dim_IntList', dy, [0], false) : null,
    ];
  },
};

/** Layer normalisation over the last axis. float32 on the CPU goes through a loop of our own that does not cancel. */
export const layerNorm: TorchComposite<'layerNorm'> = {
  forward: (torch, [input, scale, shift], { epsilon }) => {
    const [x, g, b] = [needed(input), needed(scale), needed(shift)];
    const results = isOwnLoop(torch, x)
      ? torch.layerNorm([x, g, b], epsilon)
      : torch.all('native_layer_norm', x, lastAxis(x), g, b, epsilon);
    return results.map(needed);
  },
  backward: (torch, [input, scale, ...extras], gradient, _, needs) => {
    const [x, g] = [needed(input), needed(scale)];
    const [first, second] = extras;
    const wanted = [0, 1, 2].map((index) => needs[index] === true);
    const gradients = isOwnLoop(torch, x)
      ? torch.layerNormBackward([gradient, x, g, needed(first)], needs[0] === true)
      : // the shift is not read, only whether there is one
        torch.all(
          'native_layer_norm_backward',
          ...[gradient, x, lastAxis(x), needed(first), needed(second), g, g, wanted],
        );
    return gradients.map((found, index) => (wanted[index] ? found : null));
  },
};

function isOwnLoop(torch: Torch, x: TorchHandle): boolean {
  return torch.device.type === 'cpu' && x.code === DTYPE_CODES.float32;
}

/** [.., D] -> [rows, D] */
function asRows(shape: Shape): Shape {
  return [sizeOf(shape.slice(0, -1)), shape.at(-1) ?? 1];
}

function lastAxis(x: TorchHandle): Shape {
  return x.shape.slice(-1);
}

/** The exact GELU. */
export const gelu: TorchComposite<'gelu'> = {
  forward: (torch, [x]) => [torch.one('gelu', needed(x), 'none')],
  backward: (torch, [x], gradient) => [torch.one('gelu_backward', gradient, needed(x), 'none')],
};

/** Slope of quickGelu: x sigmoid(c x) is silu(c x) / c. */
const QUICK_GELU_SLOPE = 1.702;

/** x sigmoid(1.702 x), by torch's silu. */
export const quickGelu: TorchComposite<'quickGelu'> = {
  forward: (torch, [x]) => {
    const y = torch.one('silu', steep(torch, x));
    torch.inPlace('mul_.Scalar', y, 1 / QUICK_GELU_SLOPE);
    return [y];
  },
  backward: (torch, [x], gradient) => [torch.one('silu_backward', gradient, steep(torch, x))],
};

function steep(torch: Torch, x: TorchHandle | null | undefined): TorchHandle {
  return torch.one('mul.Scalar', needed(x), QUICK_GELU_SLOPE);
}
