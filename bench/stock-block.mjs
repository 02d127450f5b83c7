// @ts-check
import { createRequire } from 'node:module';

/**
 * The same block in TensorFlow.js's own wasm kernels: forward, and backward by the formulas of tfjs's registered gradients
 * (a layer norm's are written out, which spares stock tfjs some kernels). Weights lie as tfjs likes them, [in, out].
 * @param {Readonly<Record<string, Float32Array>>} data
 * @param {Readonly<Record<string, readonly number[]>>} shapes
 * @param {number} heads
 * @returns {Promise<() => void>} runs forward and backward once
 */
export async function createStockBlock(data, shapes, heads) {
  const load = createRequire(new URL('../packages/engine-tfjs/package.json', import.meta.url));
  /** @type {import('@tensorflow/tfjs-core')} */
  const tf = load('@tensorflow/tfjs-core');
  load('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');

  const p = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      tf.tensor(data[name], name.endsWith('weight') && shape.length === 2 ? [...shape].reverse() : [...shape]),
    ]),
  );
  const [, N, D] = p.x.shape;
  const head = D / heads;
  const scale = 1 / Math.sqrt(head);
  const rows = (/** @type {import('@tensorflow/tfjs-core').Tensor} */ x) => tf.reshape(x, [N, x.size / N]);

  const linear = (/** @type {any} */ x, /** @type {string} */ name) =>
    tf.add(tf.matMul(x, p[`${name}.weight`]), p[`${name}.bias`]);
  const linearBack = (/** @type {any} */ dy, /** @type {any} */ x, /** @type {string} */ name) => ({
    x: tf.matMul(dy, p[`${name}.weight`], false, true),
    weight: tf.matMul(x, dy, true, false),
    bias: tf.sum(dy, 0),
  });

  const norm = (/** @type {any} */ x, /** @type {string} */ name) => {
    const { mean, variance } = tf.moments(x, -1, true);
    const rstd = tf.rsqrt(tf.add(variance, 1e-6));
    const normal = tf.mul(tf.sub(x, mean), rstd);
    return { y: tf.add(tf.mul(normal, p[`${name}.weight`]), p[`${name}.bias`]), normal, rstd };
  };
  const normBack = (/** @type {any} */ dy, /** @type {any} */ { normal, rstd }, /** @type {string} */ name) => {
    const scaled = tf.mul(dy, p[`${name}.weight`]);
    const along = tf.mean(tf.mul(scaled, normal), -1, true);
    return {
      x: tf.mul(tf.sub(tf.sub(scaled, tf.mean(scaled, -1, true)), tf.mul(normal, along)), rstd),
      weight: tf.sum(tf.mul(dy, normal), 0),
      bias: tf.sum(dy, 0),
    };
  };

  return () =>
    void tf.tidy(() => {
      const x = rows(p.x);
      const norm1 = norm(x, 'norm1');
      const qkv = tf.transpose(tf.reshape(linear(norm1.y, 'qkv'), [N, 3, heads, head]), [1, 2, 0, 3]);
      const [q, k, v] = tf.unstack(qkv);
      const scaledQ = tf.mul(q, scale);
      const weights = tf.softmax(tf.matMul(scaledQ, k, false, true));
      const attended = rows(tf.transpose(tf.matMul(weights, v), [1, 0, 2]));
      const mixed = tf.add(x, linear(attended, 'proj'));
      const norm2 = norm(mixed, 'norm2');
      const hidden = linear(norm2.y, 'fc1');
      const errors = tf.add(tf.erf(tf.mul(hidden, Math.SQRT1_2)), 1);
      const active = tf.mul(tf.mul(hidden, 0.5), errors);
      const y = tf.add(mixed, linear(active, 'fc2'));

      const dy = tf.mul(y, 2 / y.size);
      const fc2 = linearBack(dy, active, 'fc2');
      const density = tf.mul(tf.exp(tf.mul(tf.square(hidden), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      const fc1 = linearBack(tf.mul(fc2.x, tf.add(tf.mul(errors, 0.5), tf.mul(hidden, density))), norm2.y, 'fc1');
      const back2 = normBack(fc1.x, norm2, 'norm2');
      const dMixed = tf.add(dy, back2.x);
      const proj = linearBack(dMixed, attended, 'proj');
      const dAttended = tf.transpose(tf.reshape(proj.x, [N, heads, head]), [1, 0, 2]);
      const dv = tf.matMul(weights, dAttended, true, false);
      const weighted = tf.mul(tf.matMul(dAttended, v, false, true), weights);
      const dScores = tf.sub(weighted, tf.mul(weights, tf.sum(weighted, -1, true)));
      const dq = tf.mul(tf.matMul(dScores, k), scale);
      const dk = tf.matMul(dScores, scaledQ, true, false);
      const dQkv = rows(tf.transpose(tf.stack([dq, dk, dv]), [2, 0, 1, 3]));
      const back1 = normBack(linearBack(dQkv, norm1.y, 'qkv').x, norm1, 'norm1');
      tf.add(dMixed, back1.x);
    });
}
