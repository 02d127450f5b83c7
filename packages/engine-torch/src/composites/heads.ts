import type { Shape } from '@umt/tensor';
import { CONTIGUOUS } from '../primitives/layout.ts';
import type { TorchHandle } from '../torch/handle.ts';
import type { Torch } from '../torch/torch.ts';

/** [B, N, D] -> [B, heads, N, D / heads], a view. */
export function byHead(torch: Torch, x: TorchHandle, heads: number): TorchHandle {
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  return torch.one('transpose.int', torch.one('reshape', x, [batch, tokens, heads, width / heads]), 1, 2);
}

/** [B, N, D] -> [B * heads, N, D / heads], row-major and with memory of its own. */
export function headMatrices(torch: Torch, x: TorchHandle, heads: number): TorchHandle {
  const copy = torch.one('clone', byHead(torch, x, heads), CONTIGUOUS);
  const [batch = 0, , tokens = 0, width = 0] = copy.shape;
  return torch.one('_unsafe_view', copy, [batch * heads, tokens, width]);
}

/** [B, heads, N, d] or [B * heads, N, d] -> [B, N, D] */
export function merged(torch: Torch, x: TorchHandle, heads: number, shape: Shape): TorchHandle {
  const [batch = 0, tokens = 0, width = 0] = shape;
  const split = x.shape.length === 4 ? x : torch.one('reshape', x, [batch, heads, tokens, width / heads]);
  return torch.one('reshape', torch.one('transpose.int', split, 1, 2), shape);
}
