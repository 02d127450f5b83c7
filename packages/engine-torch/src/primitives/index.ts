import { elementwiseKernels } from './elementwise.ts';
import type { Kernels } from './kernel.ts';
import { layoutKernels } from './layout.ts';
import { reduceKernels } from './reduce.ts';

export { TAKE_CONSTANTS } from './elementwise.ts';

/** Every primitive of the contract. */
export const kernels: Kernels = { ...elementwiseKernels, ...layoutKernels, ...reduceKernels };
