import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import {
  add,
  broadcastTo,
  cast,
  linear,
  matmul,
  mean,
  multiply,
  read,
  reshape,
  scope,
  setEngine,
  slice,
  square,
  tensor,
  topK,
  transpose,
  valueAndGrad,
  type Engine,
} from '@umt/tensor';
import { describeOn } from '@umt/conformance';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTorchEngine } from '../src/index.node.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const residentBytes = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

await describeOn(
  'torch',
  () => createTorchEngine({ device: 'cpu', threads: 2 }),
  (engine) => {
    beforeAll(() => setEngine(engine));

    describe('memory', () => {
      it('ten thousand tensors that nobody disposed are collected', async () => {
        const before = engine.memory();
        for (let batch = 0; batch < 100; batch++) {
          for (let i = 0; i < 100; i++) engine.upload(new Float32Array(1000), [1000], 'float32');
          await soon();
        }
        for (let tries = 0; tries < 20 && engine.memory().tensors - before.tensors > 64; tries++) {
          collectGarbage();
          await soon();
        }
        // the youngest are not watched yet
        expect(engine.memory().tensors - before.tensors).toBeLessThanOrEqual(64);
        expect(engine.memory().bytes - before.bytes).toBeLessThanOrEqual(64 * 4000);
      });

      it('leaked gigabytes bring the collector in by themselves', async () => {
        const megabytes = 8;
        let most = 0;
        for (let i = 0; i < 300; i++) {
          engine.run('fill', [], { shape: [megabytes, 1 << 18], value: 1, dtype: 'float32' });
          await soon();
          most = Math.max(most, engine.memory().bytes);
        }
        // 2.4 GB were asked for; the 64 youngest may be held
        expect(most).toBeLessThan(150 * megabytes * 2 ** 20);
      }, 120_000);

      it('five hundred steps leave slots, bytes and the process as they were', async () => {
        const own = await createTorchEngine({ device: 'cpu', threads: 2 });
        setEngine(own);
        const weight = tensor(new Float32Array(64 * 64).fill(0.01), [64, 64]);
        const x = tensor(new Float32Array(128 * 64).fill(1), [128, 64]);
        const step = () =>
          scope(() => {
            const { value } = valueAndGrad(() => mean(square(linear(x, weight))), [weight]);
            return value;
          });
        const at: { readonly tensors: number; readonly bytes: number; readonly resident: number }[] = [];
        for (let index = 0; index <= 500; index++) {
          const loss = step();
          if (index % 100 === 0) {
            await read(loss);
            loss.dispose();
            collectGarbage();
            const { tensors, bytes } = own.memory();
            at.push({ tensors, bytes, resident: residentBytes() });
          } else loss.dispose();
        }
        const [, first] = at;
        const last = at.at(-1);
        expect(last).toMatchObject({ tensors: first?.tensors, bytes: first?.bytes });
        expect((last?.resident ?? Infinity) - (first?.resident ?? 0)).toBeLessThan(16e6);
        weight.dispose();
        x.dispose();
      });

      it('two engines count apart, and one outlives the other', async () => {
        const other = await createTorchEngine({ device: 'cpu' });
        const before = engine.memory();
        const [mine, its] = [
          engine.upload(Float32Array.of(1), [1], 'float32'),
          other.upload(Float32Array.of(2), [1], 'float32'),
        ];
        expect(other.memory()).toMatchObject({ tensors: 1, bytes: 4 });
        expect(engine.memory().tensors - before.tensors).toBe(1);
        expect(() => engine.run('negative', [its], {})).toThrow('belongs to another engine');
        other.dispose();
        expect(other.memory()).toEqual({ tensors: 0, bytes: 0, reservedBytes: 0 });
        expect(() => other.run('negative', [its], {})).toThrow('was disposed');
        expect(await engine.read(mine)).toEqual(Float32Array.of(1));
        engine.free(mine);
      });

      it('no room is an error of one line that says what to do, and the engine goes on', () => {
        const before = engine.memory().tensors;
        const shape = [2 ** 22, 2 ** 22];
        const huge = () => engine.run('fill', [], { shape, value: 0, dtype: 'float32' });
        expect(huge).toThrow(
          /^torch: .*(allocate|memory).*; use a smaller batch, accumulate gradients, or free tensors$/,
        );
        expect(engine.memory().tensors).toBe(before);
      });
    });

    describe('views', () => {
      it('strided ones are read, computed with and updated as what they show', async () => {
        const results = scope(() => {
          const x = tensor(
            Float32Array.from({ length: 24 }, (_, at) => at),
            [2, 3, 4],
          );
          const turned = transpose(x, [2, 0, 1]);
          const cut = slice(turned, [1, 0, 1], [2, 2, 2]);
          const spread = broadcastTo(reshape(slice(x, [0, 0, 0], [1, 1, 1]), [1]), [3]);
          return [
            cut,
            add(cut, cut),
            reshape(cut, [8]),
            spread,
            add(spread, 1),
            matmul(cut, cut, { transposeB: true }),
          ];
        });
        const expected = [5, 9, 17, 21, 6, 10, 18, 22];
        const [cut, doubled, flat, spread, more, product] = await Promise.all(results.map(read));
        expect([...(cut ?? [])]).toEqual(expected);
        expect([...(doubled ?? [])]).toEqual(expected.map((value) => 2 * value));
        expect([...(flat ?? [])]).toEqual(expected);
        expect([...(spread ?? [])]).toEqual([0, 0, 0]);
        expect([...(more ?? [])]).toEqual([1, 1, 1]);
        expect([...(product ?? [])].slice(0, 2)).toEqual([5 * 5 + 9 * 9, 5 * 17 + 9 * 21]);
        for (const one of results) one.dispose();
      });

      it('adamw writes into no memory that a view shows, however it was made', async () => {
        const numbers = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 };
        const view = engine.run('broadcast', [engine.upload(Float32Array.of(3), [1], 'float32')], { shape: [2] });
        const base = engine.upload(Float32Array.of(1, 2, 3, 4), [2, 2], 'float32');
        const [column] = engine.run('slice', [base], { start: [0, 0], size: [2, 1] });
        const [first] = view;
        if (!first || !column) throw new Error('no views');
        const one = () => engine.upload(Float32Array.of(1, 1), [2], 'float32');
        const scalarOf = (value: number) => engine.upload(Float32Array.of(value), [], 'float32');
        const apply = engine.upload(Uint8Array.of(1), [], 'bool');
        const [flat] = engine.run('reshape', [column], { shape: [2] });
        if (!flat) throw new Error('no view');
        const scalars = { step: scalarOf(1), gradientScale: scalarOf(1), apply };
        for (const parameter of [first, flat]) {
          const results = engine.composites.adamw?.(
            { parameter, gradient: one(), firstMoment: one(), secondMoment: one(), ...scalars },
            numbers,
          );
          const updated = await engine.read(results?.[0] ?? parameter);
          expect(updated[0]).toBeLessThan(parameter === first ? 3 : 1);
        }
        expect(await engine.read(base)).toEqual(Float32Array.of(1, 2, 3, 4));
      });

      it('a read that was started does not see the update that follows', async () => {
        const numbers = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 };
        const of = (value: number) => engine.upload(new Float32Array(1 << 20).fill(value), [1 << 20], 'float32');
        const scalarOf = (value: number) => engine.upload(Float32Array.of(value), [], 'float32');
        const parameter = of(1);
        const reading = engine.read(parameter);
        const results = engine.composites.adamw?.(
          {
            ...{ parameter, gradient: of(1), firstMoment: of(0), secondMoment: of(0) },
            ...{ step: scalarOf(1), gradientScale: scalarOf(1), apply: engine.upload(Uint8Array.of(1), [], 'bool') },
          },
          numbers,
        );
        const before = await reading;
        expect(before.every((value) => value === 1)).toBe(true);
        const [updated] = results ?? [];
        expect((await engine.read(updated ?? parameter))[5]).toBeCloseTo(0.9, 5);
      });
    });

    describe('numbers', () => {
      it('int32 wraps and stays int32, and equal elements of topK keep their order', async () => {
        const results = scope(() => {
          const big = tensor([2 ** 31 - 1, 5], [2], 'int32');
          const { values, indices } = topK(tensor([1, 3, 3, NaN, 3], [5]), 4);
          return [add(big, 1), multiply(big, 2), cast(tensor([-1.9, 1.9], [2]), 'int32'), values, indices];
        });
        const [sum, product, cut, values, indices] = await Promise.all(results.map(read));
        expect(sum).toEqual(Int32Array.of(-(2 ** 31), 6));
        expect(product).toEqual(Int32Array.of(-2, 10));
        expect(cut).toEqual(Int32Array.of(-1, 1));
        // NaN counts as the largest
        expect([...(values ?? [])]).toEqual([NaN, 3, 3, 3]);
        expect(indices).toEqual(Int32Array.of(3, 1, 2, 4));
        for (const one of results) one.dispose();
      });

      it('a constant keeps the sign of zero and numbers beyond 64 bits', async () => {
        const results = scope(() => {
          const one = tensor([1, -1], [2]);
          return [multiply(one, -0), multiply(one, 3e38), add(-0, tensor([-0], [1]))];
        });
        const [zeros = [], large, zero] = await Promise.all(results.map(read));
        expect(Object.is(zeros[0], -0) && Object.is(zeros[1], 0)).toBe(true);
        expect(large?.[0]).toBeCloseTo(3e38, -32);
        expect(Object.is(zero?.[0], -0)).toBe(true);
        for (const one of results) one.dispose();
      });

      it('a shape that torch refuses is an error of one line', () => {
        const handle = engine.upload(Float32Array.of(1, 2, 3), [3], 'float32');
        const wrong = () => engine.run('reshape', [handle], { shape: [2] });
        expect(wrong).toThrow(/^shape '\[2\]' is invalid for input of size 3$/);
        engine.free(handle);
      });
    });

    it('runs in a worker thread, beside the one of this thread', async () => {
      const code = `
      import { parentPort, workerData } from 'node:worker_threads';
      const { createTorchEngine } = await import(workerData);
      const engine = await createTorchEngine({ device: 'cpu', threads: 1 });
      const handle = engine.upload(Float32Array.of(1, 2), [2], 'float32');
      const [sum] = engine.run('add', [handle, handle], {});
      parentPort.postMessage({ sum: await engine.read(sum), tensors: engine.memory().tensors });`;
      const built = new URL('../dist/index.node.js', import.meta.url);
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
        workerData: built.href,
      });
      const [message] = await new Promise<readonly unknown[]>((resolve, reject) => {
        worker.once('message', (...found) => resolve(found)).once('error', reject);
      });
      expect(message).toEqual({ sum: Float32Array.of(2, 4), tensors: 2 });
      expect(isLive(engine)).toBe(true);
      await worker.terminate();
    });
  },
);

function isLive(engine: Engine): boolean {
  const handle = engine.upload(Float32Array.of(1), [1], 'float32');
  engine.free(handle);
  return true;
}
