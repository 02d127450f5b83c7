// @ts-check
import { createRequire } from 'node:module';

/** One ONNX MatMul node with free dimensions, "y = a b", as protobuf bytes (written by hand, so that no tool is needed). */
function matmulModel() {
  const field = (/** @type {number} */ number, /** @type {readonly number[]} */ ...parts) => {
    const body = parts.flat();
    return [(number << 3) | 2, body.length, ...body];
  };
  const text = (/** @type {number} */ number, /** @type {string} */ value) =>
    field(
      number,
      [...value].map((letter) => letter.charCodeAt(0)),
    );
  const integer = (/** @type {number} */ number, /** @type {number} */ value) => [number << 3, value];
  const value = (/** @type {string} */ name) => {
    const dimensions = [0, 1].flatMap((axis) => field(1, text(2, `${name}${axis}`)));
    return [...text(1, name), ...field(2, field(1, integer(1, 1), field(2, dimensions)))];
  };
  const node = [...text(1, 'a'), ...text(1, 'b'), ...text(2, 'y'), ...text(4, 'MatMul')];
  const graph = [
    ...field(1, node),
    ...text(2, 'g'),
    ...field(11, value('a')),
    ...field(11, value('b')),
    ...field(12, value('y')),
  ];
  return Uint8Array.from([...integer(1, 8), ...field(8, integer(2, 17)), ...field(7, graph)]);
}

/**
 * onnxruntime-node's own matrix product, in a session with its default settings but the number of threads.
 * Synchronous, with the output preallocated: the fastest it offers.
 * @param {{ readonly m: number, readonly k: number, readonly n: number }} size
 * @param {number} threads
 * @returns {Promise<() => void>}
 */
export async function createProduct({ m, k, n }, threads) {
  const load = createRequire(new URL('../packages/engine-tfjs/package.json', import.meta.url));
  const { Tensor } = load('onnxruntime-node');
  const { binding, initOrt } = load('onnxruntime-node/dist/binding.js');
  initOrt();
  const session = new binding.InferenceSession();
  const model = matmulModel();
  session.loadModel(model.buffer, 0, model.length, { intraOpNumThreads: threads });
  const filled = (/** @type {number} */ length) => new Float32Array(length).map((_, i) => Math.sin(i));
  const [a, b, y] = [
    new Tensor('float32', filled(m * k), [m, k]),
    new Tensor('float32', filled(k * n), [k, n]),
    new Tensor('float32', new Float32Array(m * n), [m, n]),
  ];
  return () => session.run({ a, b }, { y }, {});
}
