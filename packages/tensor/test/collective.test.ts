import { add, multiply, scope, singleProcess, sum, valueAndGrad } from '@umt/tensor';
import { expect, it } from 'vitest';
import { elements, exact, useReferenceEngine } from './support.ts';

useReferenceEngine();

it('the collective of one process hands tensors through, gradients too', async () => {
  expect([singleProcess.rank, singleProcess.worldSize]).toEqual([0, 1]);
  await expect(singleProcess.barrier()).resolves.toBeUndefined();
  scope(() => {
    const x = exact([1, 2], [2, 1]);
    const reduced = singleProcess.allReduceSum(x);
    x.dispose();
    expect(elements(reduced)).toEqual([1, 2]);
    const f = () => sum(multiply(singleProcess.allGather(reduced), add(reduced, 1)));
    expect(valueAndGrad(f, [reduced]).gradients.map(elements)).toEqual([[3, 5]]);
  });
});
