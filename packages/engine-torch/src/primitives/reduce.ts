import { sizeOf, type PrimitiveName } from '@umt/tensor';
import { DTYPE_CODES } from '../torch/native.ts';
import { given, type Kernel } from './kernel.ts';

/** Primitives that sum, multiply or look for the largest. */
export const reduceKernels = {
  sum: (torch, [input], { axes, keepAxes }) => {
    const x = given(input);
    // to torch no axes mean all
    if (axes.length === 0) return [torch.one('alias', x)];
    const first = x.shape.length - axes.length;
    const areLast = axes.every((axis, index) => axis === first + index);
    if (areLast && torch.device.type === 'cpu' && x.code === DTYPE_CODES.float32) {
      const left = x.shape.slice(0, first);
      const [sums] = torch.loop('sumLastAxes', [x], sizeOf(left), sizeOf(x.shape.slice(first)));
      return [torch.one('_unsafe_view', given(sums ?? undefined), keepAxes ? [...left, ...axes.map(() => 1)] : left)];
    }
    // int32 stays int32, torch would widen it
    return [torch.one('sum.dim_IntList', x, axes, keepAxes, x.code)];
  },
  max: (torch, [x], { axes, keepAxes }) => [
    axes.length === 0 ? torch.one('alias', given(x)) : torch.one('amax', given(x), axes, keepAxes),
  ],
  matmul: (torch, [a, b], { transposeA, transposeB }) => {
    const left = transposeA ? torch.one('transpose.int', given(a), -1, -2) : given(a);
    const right = transposeB ? torch.one('transpose.int', given(b), -1, -2) : given(b);
    const operators: Readonly<Record<number, string>> = { 2: 'mm', 3: 'bmm' };
    return [torch.one(operators[left.shape.length] ?? 'matmul', left, right)];
  },
  softmax: (torch, [x]) => [torch.one('_softmax', given(x), -1, false)],
  cumulativeSum: (torch, [x], { axis, exclusive }) => {
    const all = given(x);
    const length = all.shape[axis] ?? 0;
    if (!exclusive || length === 0) return [torch.one('cumsum', all, axis, all.code)];
    // shifted by one: subtracting the elements again would round, and make NaN of infinities
    const before = torch.one('cumsum', torch.one('slice.Tensor', all, axis, 0, length - 1, 1), axis, all.code);
    const zero = torch.full(
      all.shape.map((full, other) => (other === axis ? 1 : full)),
      0,
      all.code,
    );
    return [torch.one('cat', [zero, before], axis)];
  },
} satisfies { readonly [P in PrimitiveName]?: Kernel<P> };
