import {
  customGradient,
  slice,
  Tensor,
  type Engine,
  type JoinedCollective,
  type Membership,
  type PendingSums,
} from '@umt/tensor';
import { LostRankError } from '../errors.ts';
import { DTYPE_CODES } from '../torch/native.ts';
import type { Torch } from '../torch/torch.ts';
import type { TorchHandle } from '../torch/handle.ts';

/** How long a wait that leaves the thread free sleeps between two looks, in milliseconds. */
const LOOK_MS = 2;

/** What moves tensors between ranks: NCCL between GPUs; between CPUs torch's Gloo, or the bridge's own ring of sockets. */
export type TransportName = 'nccl' | 'gloo' | 'ring';

/** The ranks of a run whose processes have met: sums and gathers go on beside the thread that asks for them. */
export class TorchCollective implements JoinedCollective {
  readonly rank: number;
  readonly worldSize: number;
  readonly transport: TransportName;
  readonly #engine: Engine;
  readonly #torch: Torch;
  #isOpen = true;

  constructor(engine: Engine, torch: Torch, { rank, worldSize }: Membership, transport: TransportName) {
    this.#engine = engine;
    this.#torch = torch;
    this.transport = transport;
    this.rank = rank;
    this.worldSize = worldSize;
  }

  allReduceSum(tensor: Tensor): Tensor {
    const [sum] = this.startAllReduceSum([tensor]).finish();
    if (!sum) throw new Error('torch: a sum over ranks gave nothing');
    return sum;
  }

  startAllReduceSum(tensors: readonly Tensor[]): PendingSums {
    if (tensors.length === 0) return { finish: () => [] };
    const job = this.#start(tensors, (handles) => this.#torch.startSum(handles));
    return { finish: () => this.#finish(job) };
  }

  allGather(tensor: Tensor): Tensor {
    return customGradient([tensor], (own) => ({
      output: this.#gather(own),
      backward: (gradient) => {
        const sum = this.allReduceSum(gradient);
        const [rows = 0, ...rest] = own.shape;
        const begin = [this.rank * rows, ...rest.map(() => 0)];
        return [slice(sum, begin, own.shape)];
      },
    }));
  }

  async barrier(): Promise<void> {
    let job = -1;
    this.#torch.step(() => {
      const one = this.#torch.full([1], 1, DTYPE_CODES.float32);
      job = this.#guard(() => this.#torch.startSum([one]));
      return [];
    });
    await this.settled(job);
  }

  /** Waits for a job while the thread does other things, and drops its tensors. */
  async settled(job: number): Promise<void> {
    while (!this.#guard(() => this.#torch.ranks.isJobDone(job))) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    this.#torch.step(() => {
      this.#guard(() => this.#torch.finishJob(job));
      return [];
    });
  }

  async leave(): Promise<void> {
    await this.barrier();
    this.#part(true);
  }

  dispose(): void {
    this.#part(false);
  }

  #gather(tensor: Tensor): Tensor {
    if (tensor.shape.length === 0) throw new Error('allGather: a scalar has no axis to stack along; reshape it to [1]');
    const job = this.#start([tensor], ([own]) => {
      if (!own) throw new Error('torch: nothing to gather');
      return this.#torch.ranks.startGather(own.slot, this.worldSize);
    });
    const [all] = this.#finish(job);
    if (!all) throw new Error('torch: a gather over ranks gave nothing');
    return all;
  }

  #start(tensors: readonly Tensor[], start: (handles: readonly TorchHandle[]) => number): number {
    let job = -1;
    this.#torch.step(() => {
      const handles = tensors.map(({ handle }) => this.#torch.own(handle));
      job = this.#guard(() => start(handles));
      return [];
    });
    return job;
  }

  #finish(job: number): readonly Tensor[] {
    return this.#torch
      .step(() => this.#guard(() => this.#torch.finishJob(job)))
      .flatMap((handle) => (handle ? [Tensor.fromHandle(this.#engine, handle)] : []));
  }

  #part(isOrderly: boolean): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#torch.ranks.partFromRanks(Number(isOrderly));
  }

  /** Runs a call of the bridge; when it fails because a rank is gone, says which. */
  #guard<T>(call: () => T): T {
    try {
      return call();
    } catch (cause) {
      const lost = this.#torch.ranks.lostRank();
      if (lost < 0) throw cause;
      throw new LostRankError(lost, this.worldSize, { cause });
    }
  }
}
