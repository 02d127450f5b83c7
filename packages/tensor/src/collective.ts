import { reshape } from './operations/shape.ts';
import type { Tensor } from './tensor.ts';

/** Sums over ranks that are under way. */
export interface PendingSums {
  /** Waits for the sums, of the tensors in the order in which they were given. They belong to the caller. Once. */
  finish(): readonly Tensor[];
}

/**
 * How ranks of one run talk to each other. `singleProcess` is the one used where there is only one. All ranks make the same
 * calls in the same order, and get the same sums bit for bit.
 */
export interface Collective {
  /** 0 .. worldSize - 1. */
  readonly rank: number;
  readonly worldSize: number;
  /** Sum over ranks, same shape everywhere. Consumes nothing; returns a new tensor. */
  allReduceSum(tensor: Tensor): Tensor;
  /**
   * Starts to sum tensors of floating types over ranks, all in one go, while the caller computes on. Consumes nothing: they
   * may be disposed at once.
   */
  startAllReduceSum(tensors: readonly Tensor[]): PendingSums;
  /** Stacks the ranks' tensors along axis 0, in rank order: [B, ..] -> [worldSize * B, ..]. Its gradient is the reduced slice of the own rank. */
  allGather(tensor: Tensor): Tensor;
  /** Resolves when every rank has reached it. */
  barrier(): Promise<void>;
}

/** A collective that holds connections. */
export interface JoinedCollective extends Collective {
  /** What moves tensors between the ranks, in a word, such as `gloo`. */
  readonly transport: string;
  /** Parts in good order: waits for all ranks to get here, and lets them know that this one ends. */
  leave(): Promise<void>;
  /** Lets go of all connections; ranks that did not leave yet take this one for lost. Calling it again does nothing. */
  dispose(): void;
}

/** The place of a process in a run of several, and where they meet. */
export interface Membership {
  /** 0 .. worldSize - 1. */
  readonly rank: number;
  readonly worldSize: number;
  /** Which process of its machine it is, from 0. */
  readonly localRank: number;
  /** Name or address of rank 0's machine. */
  readonly masterAddress: string;
  readonly masterPort: number;
  /** Where the launcher keeps the meeting point, what this attempt's keys in it begin with; null where rank 0 opens it. */
  readonly launcherPrefix: string | null;
}

/** The collective of a run with one process: every sum and gather is the tensor itself. */
export const singleProcess: JoinedCollective = {
  transport: 'none',
  rank: 0,
  worldSize: 1,
  allReduceSum: (tensor) => reshape(tensor, tensor.shape),
  startAllReduceSum(tensors) {
    const sums = tensors.map((tensor) => reshape(tensor, tensor.shape));
    return { finish: () => sums };
  },
  allGather: (tensor) => reshape(tensor, tensor.shape),
  barrier: () => Promise.resolve(),
  leave: () => Promise.resolve(),
  dispose: () => {},
};
