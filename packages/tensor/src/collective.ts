import { reshape } from './operations/shape.ts';
import type { Tensor } from './tensor.ts';

/** How ranks of one run talk to each other. `singleProcess` is the one used where there is only one. */
export interface Collective {
  /** 0 .. worldSize - 1. */
  readonly rank: number;
  readonly worldSize: number;
  /** Sum over ranks, same shape everywhere. Consumes nothing; returns a new tensor. */
  allReduceSum(tensor: Tensor): Tensor;
  /** Stacks the ranks' tensors along axis 0, in rank order: [B, ..] -> [worldSize * B, ..]. Its gradient is the reduced slice of the own rank. */
  allGather(tensor: Tensor): Tensor;
  /** Resolves when every rank has reached it. */
  barrier(): Promise<void>;
}

/** The collective of a run with one process: every sum and gather is the tensor itself. */
export const singleProcess: Collective = {
  rank: 0,
  worldSize: 1,
  allReduceSum: (tensor) => reshape(tensor, tensor.shape),
  allGather: (tensor) => reshape(tensor, tensor.shape),
  barrier: () => Promise.resolve(),
};
