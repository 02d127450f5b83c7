// One rank of a run that sums and gathers all kinds of tensors.
import { cast, multiply, read, reshape, sum, tensor, valueAndGrad, type Collective, type Tensor } from '@umt/tensor';
import { asRank } from './as-rank.ts';

/** Values that differ from rank to rank and from element to element. */
function own(rank: number, size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(i * 0.37 + rank * 2.1));
}

const plain = async (x: Tensor): Promise<readonly number[]> => [...(await read(x))];

await asRank(async (collective: Collective) => {
  const { rank } = collective;
  const shapes = [[3, 4], [5], [], [100, 1000]];
  const tensors = shapes.map((shape, i) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return tensor(own(rank + 10 * i, size), shape);
  });
  const pending = collective.startAllReduceSum(tensors);
  tensors.forEach((one) => one.dispose());
  const sums = pending.finish();
  const large = sums[3];

  const half = collective.allReduceSum(cast(tensor([1 + rank, 0.5], [2]), 'bfloat16'));
  const x = tensor(own(rank, 4), [2, 2]);
  const counts = collective.allGather(cast(tensor([rank, 7], [2, 1]), 'int32'));
  const gathered = collective.allGather(x);
  // each rank weighs what was gathered in its own way: the gradient of its part is the sum of all weights for it
  const weights = tensor(own(rank + 50, gathered.size), gathered.shape);
  const { gradients } = valueAndGrad(() => sum(multiply(collective.allGather(x), weights)), [x]);
  await collective.barrier();
  return {
    shapes: sums.map(({ shape }) => shape),
    sums: await Promise.all(sums.slice(0, 3).map(plain)),
    largest: large ? (await plain(reshape(large, [100_000]))).filter((_, i) => i % 9973 === 0) : [],
    half: await plain(half),
    halfType: half.dtype,
    counts: [counts.dtype, await plain(counts)],
    gathered: await plain(gathered),
    gradient: gradients[0] ? await plain(gradients[0]) : [],
  };
});
