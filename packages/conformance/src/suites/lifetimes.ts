import {
  add,
  attention,
  cast,
  concat,
  dispose,
  gelu,
  layerNorm,
  linear,
  matmul,
  mean,
  read,
  reshape,
  scope,
  setEngine,
  slice,
  softmax,
  square,
  sum,
  Tensor,
  topK,
  transpose,
  valueAndGrad,
} from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EngineUnderTest } from '../describe-engine.ts';
import { floats, given, integers, upload } from '../host-tensor.ts';
import { createReferenceEngine } from '../reference-engine.ts';

/** Each runs some eighty primitives and composites, forward and backward. */
const STEPS = 200;

/** Who owns what, and for how long: uploads, reads, views, accounting, and flat memory over many steps. */
export function describeLifetimes({ engine }: EngineUnderTest): void {
  describe('lifetimes', () => {
    beforeEach(() => setEngine(engine));

    it('an upload is a copy, and so is what is read', async () => {
      const data = Float32Array.of(1, 2, 3);
      const handle = engine.upload(data, [3], 'float32');
      data.fill(9);
      const first = await engine.read(handle);
      expect([...first]).toEqual([1, 2, 3]);
      first.fill(7);
      expect([...(await engine.read(handle))]).toEqual([1, 2, 3]);
      engine.free(handle);
    });

    it('each dtype comes back in its own typed array', async () => {
      const tensors = [given([0.5]), given([-7], [1], 'int32'), given([1], [1], 'bool')].map((one) =>
        upload(engine, one),
      );
      const arrays = await Promise.all(tensors.map(read));
      expect(arrays).toEqual([Float32Array.of(0.5), Int32Array.of(-7), Uint8Array.of(1)]);
      dispose(tensors);
    });

    it('a read that was started survives the tensor', async () => {
      const x = upload(engine, floats([197, 65]));
      const doubled = add(x, x);
      const reading = read(doubled);
      dispose([x, doubled]);
      // whoever takes the memory over may not be seen
      const others = [1, 2, 3].map((seed) => upload(engine, floats([197, 65], { seed })));
      expect([...(await reading)]).toEqual(Array.from(floats([197, 65]).data, (value) => 2 * value));
      dispose(others);
    });

    it('a reshaped tensor outlives the one it was made from, and the other way round', async () => {
      const x = upload(engine, given([1, 2, 3, 4]));
      const [first, second] = [reshape(x, [2, 2]), reshape(x, [4, 1])];
      x.dispose();
      second.dispose();
      const noise = upload(engine, given([9, 9, 9, 9]));
      expect([...(await read(first))]).toEqual([1, 2, 3, 4]);
      dispose([first, noise]);
    });

    it('primitives never change their inputs', async () => {
      const x = upload(engine, floats([33, 17]));
      const before = await read(x);
      scope(() => {
        add(x, 1);
        square(x);
        softmax(x);
        matmul(x, x, { transposeB: true });
        transpose(x);
        concat([x, x]);
        topK(x, 3);
        valueAndGrad(() => mean(gelu(x)), [x]);
      });
      expect(await read(x)).toEqual(before);
      x.dispose();
    });

    it('memory() counts handles and bytes as they come and go', () => {
      const before = engine.memory();
      const x = upload(engine, floats([100, 10]));
      const held = engine.memory();
      expect(held.tensors - before.tensors).toBe(1);
      expect(held.bytes - before.bytes).toBeGreaterThanOrEqual(4000);
      expect(held.reservedBytes).toBeGreaterThanOrEqual(held.bytes);
      const y = reshape(x, [1000]);
      expect(engine.memory().tensors - before.tensors).toBe(2);
      dispose([x, y]);
      expect(engine.memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    });

    it('a handle that was freed, or belongs to another engine, is refused', () => {
      const freed = upload(engine, floats([3]));
      const { handle } = freed;
      freed.dispose();
      expect(() => engine.run('negative', [handle], {})).toThrow();
      const foreign = upload(createReferenceEngine(), floats([3]));
      expect(() => engine.run('negative', [foreign.handle], {})).toThrow();
      const own = upload(engine, floats([3]));
      expect(() => add(own, foreign)).toThrow(`'${engine.name}' and 'reference'`);
      own.dispose();
    });

    it('a precision that the engine does not list is refused by name', () => {
      for (const dtype of ['float16', 'bfloat16'] as const) {
        if (engine.capabilities.precisions.includes(dtype)) continue;
        expect(() => engine.upload(Float32Array.of(1), [1], dtype)).toThrow(dtype);
      }
      expect(engine.capabilities.precisions).toContain('float32');
    });

    it(`memory is flat over ${STEPS} steps of mixed operations`, async () => {
      const sources = [floats([24, 24], { seed: 1 }), floats([24], { seed: 2 })].map((one) => upload(engine, one));
      const [weight, bias] = sources;
      const x = upload(engine, floats([2, 7, 24]));
      const picked = upload(engine, integers([5], { high: 7 }));
      if (!weight || !bias) throw new Error('no sources');
      const step = (index: number) =>
        scope(() => {
          const loss = () => {
            const normal = layerNorm(x, bias, bias, 1e-5);
            const mixed = attention(normal, normal, linear(normal, weight, bias), { heads: 3 });
            const cut = slice(mixed, [0, index % 3, 0], [2, 4, 24]);
            return add(mean(square(gelu(concat([cut, cut], 1)))), sum(topK(reshape(mixed, [336]), 5).values));
          };
          const { value, gradients } = valueAndGrad(loss, sources);
          cast(softmax(transpose(gradients[0] ?? x)), 'int32');
          engine
            .run('gather', [reshape(x, [7, 48]).handle, picked.handle], {})
            .map((one) => Tensor.fromHandle(engine, one));
          return index === STEPS - 1 ? value : [];
        });
      const before = engine.memory();
      let atHalf = before;
      for (let index = 0; index < STEPS; index++) {
        const last = step(index);
        if (index === Math.floor(STEPS / 2)) atHalf = engine.memory();
        if (last instanceof Tensor) {
          expect(Number.isFinite((await read(last))[0])).toBe(true);
          last.dispose();
        }
      }
      const after = engine.memory();
      expect(after).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
      expect(after.reservedBytes).toBeLessThanOrEqual(atHalf.reservedBytes);
      dispose([sources, x, picked]);
    });
  });
}
