import { sizeOf, type Shape } from '@umt/tensor';
import type { TorchHandle } from '../torch/handle.ts';
import type { Torch } from '../torch/torch.ts';
import { needed, type TorchComposite } from './types.ts';

/** x times the transpose of a weight, plus a bias, as one product of matrices. */
export const linear: TorchComposite<'linear'> = {
  forward: (torch, [input, matrix, bias]) => {
    const [x, weight] = [needed(input), needed(matrix)];
    const outputs = weight.shape[0] ?? 0;
    const rows = torch.one('reshape', x, asRows(x.shape));
    const product = productOf(torch, rows, torch.one('t', weight), bias ?? null);
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

/** On the CPU the bias is added in a loop of our own: ATen spreads it over the result, to which the product then adds. */
function productOf(torch: Torch, rows: TorchHandle, columns: TorchHandle, bias: TorchHandle | null): TorchHandle {
  if (!bias) return torch.one('mm', rows, columns);
  if (torch.device.type === 'cuda') return torch.one('addmm', bias, rows, columns);
  const product = torch.one('mm', rows, columns);
  torch.loop('addBias', [product, bias]);
  return product;
}

/**
 * Layer normalisation over the last axis. On the CPU it goes through a loop of our own: ATen's cancels, and in bfloat16
 * takes ten times as long in older versions.
 */
export const layerNorm: TorchComposite<'layerNorm'> = {
  forward: (torch, [input, scale, shift], { epsilon }) => {
    const [x, g, b] = [needed(input), needed(scale), needed(shift)];
    if (torch.device.type === 'cuda') return torch.all('native_layer_norm', x, lastAxis(x), g, b, epsilon).map(needed);
    return torch.loop('layerNorm', [x, g, b], epsilon).map(needed);
  },
  backward: (torch, [input, scale, ...extras], gradient, _, needs) => {
    const [x, g, first] = [needed(input), needed(scale), needed(extras[0])];
    const wanted = [0, 1, 2].map((index) => needs[index] === true);
    if (torch.device.type === 'cuda') {
      // the shift is not read, only whether there is one
      const given = [gradient, x, lastAxis(x), first, needed(extras[1]), g, g, wanted] as const;
      return torch.all('native_layer_norm_backward', ...given).map((found, index) => (wanted[index] ? found : null));
    }
    const gradients = torch.loop('layerNormBackward', [gradient, x, g, first], Number(needs[0] === true));
    return gradients.map((found, index) => (wanted[index] ? found : null));
  },
};

/** [.., D] -> [rows, D] */
function asRows(shape: Shape): Shape {
  return [sizeOf(shape.slice(0, -1)), shape.at(-1) ?? 1];
}

function lastAxis(x: TorchHandle): Shape {
  return x.shape.slice(-1);
}

/** The exact GELU; on the CPU in a loop of our own, as precise and faster. */
export const gelu: TorchComposite<'gelu'> = {
  forward: (torch, [x]) =>
    torch.device.type === 'cuda' ? [torch.one('gelu', needed(x), 'none')] : torch.loop('gelu', [needed(x)]).map(needed),
  backward: (torch, [x], gradient) =>
    torch.device.type === 'cuda'
      ? [torch.one('gelu_backward', gradient, needed(x), 'none')]
      : torch.loop('geluBackward', [gradient, needed(x)]),
};

/** Slope of quickGelu: x sigmoid(c x) is silu(c x) / c. */
const QUICK_GELU_SLOPE = 1.702;

/** x sigmoid(1.702 x): by torch's silu, on the CPU in one pass over memory of our own. */
export const quickGelu: TorchComposite<'quickGelu'> = {
  forward: (torch, [input]) => {
    const x = needed(input);
    if (torch.device.type === 'cpu') return torch.loop('quickGelu', [x]).map(needed);
    const y = torch.one('silu', torch.one('mul.Scalar', x, QUICK_GELU_SLOPE));
    torch.inPlace('mul_.Scalar', y, 1 / QUICK_GELU_SLOPE);
    return [y];
  },
  backward: (torch, [input], gradient) => {
    const x = needed(input);
    if (torch.device.type === 'cpu') return torch.loop('quickGeluBackward', [gradient, x]);
    return [torch.one('silu_backward', gradient, torch.one('mul.Scalar', x, QUICK_GELU_SLOPE))];
  },
};
