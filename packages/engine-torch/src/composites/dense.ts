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

/**
 * Layer normalisation over the last axis. On the CPU it goes through a loop of our own, in float32: ATen's cancels, and in
 * bfloat16 takes ten times as long in older versions.
 */
export const layerNorm: TorchComposite<'layerNorm'> = {
  forward: (torch, [input, scale, shift], { epsilon }) => {
    const [x, g, b] = [needed(input), needed(scale), needed(shift)];
    if (torch.device.type === 'cuda') return torch.all('native_layer_norm', x, lastAxis(x), g, b, epsilon).map(needed);
    const [y, rstd] = torch.layerNorm(
      [x, g, b].map((one) => inPrecision(torch, one, DTYPE_CODES.float32)),
      epsilon,
    );
    return [inPrecision(torch, needed(y), x.code), needed(rstd)];
  },
  backward: (torch, [input, scale, ...extras], gradient, _, needs) => {
    const [x, g, first] = [needed(input), needed(scale), needed(extras[0])];
    const wanted = [0, 1, 2].map((index) => needs[index] === true);
    if (torch.device.type === 'cuda') {
      // the shift is not read, only whether there is one
      const given = [gradient, x, lastAxis(x), first, needed(extras[1]), g, g, wanted] as const;
      return torch.all('native_layer_norm_backward', ...given).map((found, index) => (wanted[index] ? found : null));
    }
    const wide = [gradient, x, g, first].map((one) => inPrecision(torch, one, DTYPE_CODES.float32));
    const gradients = torch.layerNormBackward(wide, needs[0] === true);
    return gradients.map((found, index) => (wanted[index] && found ? inPrecision(torch, found, x.code) : null));
  },
};

function inPrecision(torch: Torch, x: TorchHandle, code: number): TorchHandle {
  return x.code === code ? x : torch.one('to.dtype', x, code);
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

/** x sigmoid(1.702 x), by torch's silu; on the CPU in float32, which older versions take a quarter of the time for. */
export const quickGelu: TorchComposite<'quickGelu'> = {
  forward: (torch, [input]) => {
    const x = needed(input);
    const y = torch.one('silu', steep(torch, x));
    torch.inPlace('mul_.Scalar', y, 1 / QUICK_GELU_SLOPE);
    return [inPrecision(torch, y, x.code)];
  },
  backward: (torch, [input], gradient) => {
    const x = needed(input);
    const u = steep(torch, x);
    return [inPrecision(torch, torch.one('silu_backward', inPrecision(torch, gradient, u.code), u), x.code)];
  },
};

function steep(torch: Torch, x: TorchHandle): TorchHandle {
  const code = torch.device.type === 'cpu' ? DTYPE_CODES.float32 : x.code;
  return torch.one('mul.Scalar', inPrecision(torch, x, code), QUICK_GELU_SLOPE);
}
