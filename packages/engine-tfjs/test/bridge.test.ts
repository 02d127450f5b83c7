import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { read, scope, Tensor, type Engine } from '@umt/tensor';
import { createWasmEngine, fromTfjs, toTfjs } from '@umt/engine-tfjs';

let engine: Engine;
beforeAll(async () => {
  // the first tensor of tfjs's cpu backend prints an advertisement
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  await tf.setBackend('cpu');
  engine = await createWasmEngine();
});
afterAll(() => engine.dispose());

test.each([
  ['float32', [1.5, -2, 3, 0, 5, 6]],
  ['int32', [1, -2, 3, 0, 5, 6]],
  ['bool', [1, 0, 1, 0, 1, 1]],
] as const)('%s goes from tfjs to an engine and back', async (dtype, values) => {
  const source = tf.tensor([...values], [2, 3], dtype);
  const ours = await fromTfjs(engine, source);
  expect([ours.engine, ours.shape, ours.dtype]).toEqual([engine, [2, 3], dtype]);
  expect(Array.from(await read(ours))).toEqual(values);
  const back = await toTfjs(ours);
  expect([back.shape, back.dtype]).toEqual([[2, 3], dtype]);
  expect(Array.from(await back.data())).toEqual(values);
  for (const tensor of [source, ours, back]) tensor.dispose();
  expect(engine.memory()).toMatchObject({ tensors: 0, bytes: 0 });
});

test('scalars and empty tensors cross too', async () => {
  const ours = [await fromTfjs(engine, tf.scalar(4)), await fromTfjs(engine, tf.zeros([0, 2]))];
  expect(ours.map(({ shape }) => shape)).toEqual([[], [0, 2]]);
  const back = await Promise.all(ours.map(toTfjs));
  expect(back.map(({ shape }) => shape)).toEqual([[], [0, 2]]);
  ours.forEach((tensor) => tensor.dispose());
});

test('a tensor made by an engine becomes an ordinary tfjs tensor', async () => {
  const x = scope(() => Tensor.fromHandle(engine, engine.upload(Float32Array.of(1, 2), [2], 'float32')));
  const doubled = tf.add(await toTfjs(x), 1);
  expect(Array.from(await doubled.data())).toEqual([2, 3]);
  x.dispose();
});

test('complex and string tensors are refused', async () => {
  await expect(fromTfjs(engine, tf.tensor(['a']))).rejects.toThrow(/string tensor has no counterpart/);
});
