// Ranks as threads of one process, which hand numbers over through shared memory.
import { keep, singleProcess, tensor, type Collective, type Tensor } from '@umt/tensor';
import type { Float32Engine } from './float32-engine.ts';

/** Numbers that a rank can hand over at once. */
const SLOT = 1024;

/** Memory that all ranks share. */
export function sharedMemory(worldSize: number): SharedArrayBuffer {
  return new SharedArrayBuffer(8 + worldSize * SLOT * 8);
}

/** The collective of one thread. Sums are in rank order, so that they are the same bits everywhere. */
export function threadCollective(
  memory: SharedArrayBuffer,
  rank: number,
  worldSize: number,
  engine: Float32Engine,
): Collective {
  const meeting = new Int32Array(memory, 0, 2); // how many wait, and how often all have met
  const slots = new Float64Array(memory, 8);

  const meet = () => {
    const round = Atomics.load(meeting, 1);
    if (Atomics.add(meeting, 0, 1) === worldSize - 1) {
      Atomics.store(meeting, 0, 0);
      Atomics.add(meeting, 1, 1);
      Atomics.notify(meeting, 1);
    } else Atomics.wait(meeting, 1, round);
  };
  /** What every rank holds, in rank order. */
  const exchange = (own: Tensor): readonly Float64Array[] => {
    const { data } = engine.valuesOf(own.handle);
    slots.set(Float64Array.from(data), rank * SLOT);
    meet();
    const all = Array.from({ length: worldSize }, (_, of) => slots.slice(of * SLOT, of * SLOT + own.size));
    meet();
    return all;
  };
  const sum = (own: Tensor): Tensor => {
    const parts = exchange(own);
    return tensor(
      Float32Array.from({ length: own.size }, (_, i) => parts.reduce((total, part) => total + (part[i] ?? 0), 0)),
      own.shape,
    );
  };
  return {
    ...singleProcess,
    rank,
    worldSize,
    allReduceSum: sum,
    startAllReduceSum(tensors) {
      const sums = tensors.map((own) => keep(sum(own)));
      return { finish: () => sums };
    },
    allGather: (own) =>
      tensor(Float32Array.from(exchange(own).flatMap((part) => [...part])), [
        (own.shape[0] ?? 1) * worldSize,
        ...own.shape.slice(1),
      ]),
    barrier: () => Promise.resolve(meet()),
  };
}
