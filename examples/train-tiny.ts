/**
 * Pre-trains a small student on a folder of videos, in a worker thread, and says what came of it. The same as
 * `umt pretrain tiny`, as a program of your own.
 *
 *   node examples/train-tiny.ts my-videos runs/mine             (Node 22.18 or newer reads TypeScript by itself)
 */
import { pretrain, pretrainTiny } from 'unmasked-teacher';

const [path = 'assets/clips', output = 'runs/train-tiny', steps = '30'] = process.argv.slice(2);

const config = pretrainTiny({
  data: { path },
  output,
  schedule: { maxSteps: Number(steps) },
  report: { evaluateEverySteps: null },
});

const result = await pretrain(config, {
  overwrite: true,
  onEvent: (event) => {
    if (event.type === 'step' && event.step % 10 === 0) {
      console.log(`step ${event.step}: loss ${event.loss.toFixed(4)}, ${event.samplesPerSecond.toFixed(1)} clips/s`);
    }
  },
});

console.log(`${result.outcome} after ${result.step} steps on ${result.picked.device}`);
if (result.heldOut) {
  const { loss, blindLoss } = result.heldOut;
  console.log(`held-out loss ${loss.toFixed(3)}; a guess without looking has ${blindLoss.toFixed(3)}`);
}
console.log(`weights ${result.weights}`);
console.log(`report  ${result.report}`);
