import { cast, multiply, read, reshape, sum, tensor, valueAndGrad, type Collective, type Tensor } from '@umt/tensor';

/** What a rank begins with: values that differ from rank to rank and from element to element. */
export const own = (rank: number) => (i: number) => Math.fround(Math.sin(i * 0.37 + rank * 2.1));

const ownArray = (rank: number, size: number) => Float32Array.from({ length: size }, (_, i) => own(rank)(i));

const plain = async (x: Tensor): Promise<readonly number[]> => [...(await read(x))];

/** What a rank saw of sums and gathers. */
export interface Sums {
  readonly shapes: readonly (readonly number[])[];
  readonly sums: readonly (readonly number[])[];
  readonly largest: readonly number[];
  readonly half: readonly [string, readonly number[]];
  readonly counts: readonly [string, readonly number[]];
  readonly gathered: readonly number[];
  readonly gradient: readonly number[];
}

/** Sums and gathers all kinds of tensors. */
export async function sumAndGather(collective: Collective): Promise<Sums> {
  const { rank } = collective;
  const shapes = [[3, 4], [5], [], [100, 1000]];
  const tensors = shapes.map((shape, i) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return tensor(ownArray(rank + 10 * i, size), shape);
  });
  const pending = collective.startAllReduceSum(tensors);
  tensors.forEach((one) => one.dispose());
  const sums = pending.finish();
  const large = sums[3];

  const half = collective.allReduceSum(cast(tensor([1 + rank, 0.5], [2]), 'bfloat16'));
  const x = tensor(ownArray(rank, 4), [2, 2]);
  const counts = collective.allGather(cast(tensor([rank, 7], [2, 1]), 'int32'));
  const gathered = collective.allGather(x);
  // each rank weighs what was gathered in its own way: the gradient of its part is the sum of all weights for it
  const weights = tensor(ownArray(rank + 50, gathered.size), gathered.shape);
  const { gradients } = valueAndGrad(() => sum(multiply(collective.allGather(x), weights)), [x]);
  await collective.barrier();
  return {
    shapes: sums.map(({ shape }) => shape),
    sums: await Promise.all(sums.slice(0, 3).map(plain)),
    largest: large ? (await plain(reshape(large, [100_000]))).filter((_, i) => i % 9973 === 0) : [],
    half: [half.dtype, await plain(half)],
    counts: [counts.dtype, await plain(counts)],
    gathered: await plain(gathered),
    gradient: gradients[0] ? await plain(gradients[0]) : [],
  };
}
