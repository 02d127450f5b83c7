import {
  adamw,
  add,
  attention,
  clipByGlobalNorm,
  concat,
  dispose,
  gelu,
  getEngine,
  keep,
  layerNorm,
  linear,
  mean,
  multiply,
  readScalar,
  scalar,
  scope,
  softmaxCrossEntropy,
  split,
  square,
  subtract,
  tanh,
  valueAndGrad,
  zeros,
  type Shape,
  type Tensor,
} from '@umt/tensor';
import { floats, given, upload } from './host-tensor.ts';

/** A model with its data: parameter shapes, and the loss of parameters. */
export interface Task {
  readonly shapes: readonly Shape[];
  readonly loss: (parameters: readonly Tensor[], data: readonly Tensor[]) => Tensor;
  readonly data: () => readonly Tensor[];
}

const put = (shape: Shape, seed: number, size = 1) =>
  upload(getEngine(), floats(shape, { seed, low: -size, high: size }));

/** Three layers, regression. */
const mlp: Task = {
  shapes: [[17, 5], [17], [17, 17], [17], [3, 17], [3]],
  data: () => [put([29, 5], 90), put([29, 3], 91)],
  loss: ([w1, b1, w2, b2, w3, b3], [x, y]) => {
    if (!w1 || !w2 || !w3 || !x || !y) throw new Error('mlp: a tensor is missing');
    const hidden = gelu(linear(tanh(linear(x, w1, b1)), w2, b2));
    return mean(square(subtract(linear(hidden, w3, b3), y)));
  },
};

const WIDTH = 12;
const BATCH = 3;
const TOKENS = 5;
const CLASSES = 4;

/** A pre-norm transformer block with a classifier on the mean token. */
const block: Task = {
  shapes: [
    [WIDTH],
    [WIDTH],
    [3 * WIDTH, WIDTH],
    [WIDTH, WIDTH],
    [WIDTH],
    [WIDTH],
    [2 * WIDTH, WIDTH],
    [WIDTH, 2 * WIDTH],
    [CLASSES, WIDTH],
  ],
  data: () => [
    put([BATCH, TOKENS, WIDTH], 92),
    upload(getEngine(), given([1, 0, 0, 0, 0, 0.5, 0.5, 0, 0.1, 0.1, 0.1, 0.7], [BATCH, CLASSES])),
  ],
  loss: ([scale1, shift1, qkv, project, scale2, shift2, up, down, head], [x, y]) => {
    if (!scale1 || !shift1 || !qkv || !project || !scale2 || !shift2 || !up || !down || !head || !x || !y) {
      throw new Error('block: a tensor is missing');
    }
    const [q, k, v] = split(linear(layerNorm(x, add(scale1, 1), shift1, 1e-6), qkv), 3, 2);
    if (!q || !k || !v) throw new Error('block: the split gave too few parts');
    const mixed = add(x, linear(attention(q, k, v, { heads: 3 }), project));
    const tokens = add(mixed, linear(gelu(linear(layerNorm(mixed, add(scale2, 1), shift2, 1e-6), up)), down));
    const pooled = mean(concat([tokens, multiply(x, 0.1)], 1), { axes: 1 });
    return mean(softmaxCrossEntropy(linear(pooled, head), y));
  },
};

/** What is trained. */
export const tasks = { 'a multilayer perceptron': mlp, 'a pre-norm block': block };

interface Trained {
  readonly losses: readonly number[];
  /** Live tensors after each step. */
  readonly tensorCounts: readonly number[];
}

/** Trains a task with AdamW and clipping, as a trainer would: nothing is read inside a step but its loss, at the end. */
export async function train(task: Task, steps: number): Promise<Trained> {
  const attributes = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
  const data = task.data();
  const cells = task.shapes.map((shape, index) => ({
    value: put(shape, index, 0.3),
    firstMoment: zeros(shape),
    secondMoment: zeros(shape),
  }));
  const losses: number[] = [];
  const tensorCounts: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const loss = scope(() => {
      const { value, gradients } = valueAndGrad(
        () =>
          task.loss(
            cells.map((cell) => cell.value),
            data,
          ),
        cells,
      );
      const { scale, isFinite } = clipByGlobalNorm(gradients, 1);
      for (const [index, cell] of cells.entries()) {
        const gradient = gradients[index];
        if (!gradient) throw new Error('train: a gradient is missing');
        const { value: parameter, firstMoment, secondMoment } = cell;
        const state = {
          parameter,
          firstMoment,
          secondMoment,
          gradient,
          gradientScale: scale,
          apply: isFinite,
          step: scalar(step),
        };
        const next = adamw(state, attributes);
        cell.value = keep(next.parameter);
        cell.firstMoment = keep(next.firstMoment);
        cell.secondMoment = keep(next.secondMoment);
      }
      return value;
    });
    losses.push(await readScalar(loss));
    loss.dispose();
    tensorCounts.push(getEngine().memory().tensors);
  }
  dispose([cells, data]);
  return { losses, tensorCounts };
}
