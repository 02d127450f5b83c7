/**
 * Fine-tunes a small classifier on labelled videos, a folder for each class, then measures it and classifies one video. The
 * same as `umt finetune tiny`, `umt evaluate` and `umt classify`, as a program of your own.
 *
 *   node examples/finetune-tiny.ts train test runs/motions      (Node 22.18 or newer reads TypeScript by itself)
 */
import { evaluate, finetune, finetuneTiny, VideoClassifier } from 'unmasked-teacher';

const [train = 'train', test = 'test', output = 'runs/motions', steps = 'all', video = ''] = process.argv.slice(2);

const config = finetuneTiny({
  data: { path: train, validation: test },
  output,
  ...(steps === 'all' ? {} : { schedule: { maxSteps: Number(steps) } }),
});

const result = await finetune(config, {
  overwrite: true,
  onEvent: (event) => {
    if (event.type === 'accuracy') console.log(`after ${event.step} steps top-1 ${(100 * event.top1).toFixed(1)} %`);
  },
});
console.log(`${result.outcome} after ${result.step} steps; classes ${result.classes.join(', ')}`);

const { top1, meanClassAccuracy, confusion } = await evaluate({
  weights: result.weights,
  data: test,
  clips: 1,
  crops: 1,
});
console.log(`top-1 ${(100 * top1).toFixed(1)} %, mean over classes ${(100 * meanClassAccuracy).toFixed(1)} %`);
console.log(confusion.map((row) => row.join(' ')).join('\n'));

if (video !== '') {
  const classifier = await VideoClassifier.fromPretrained(result.weights);
  const [best] = await classifier.classify(video);
  console.log(`${video}: ${best?.label}`);
  classifier.dispose();
}
console.log(`report  ${result.report}`);
