import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor } from '@umt/tensor';
import { setEngine, type Engine } from '@umt/tensor';
import { loadEngine } from '@umt/runtime';
import { saveSafetensors } from '@umt/checkpoint';
import { stateDict } from '@umt/nn';
import { createClassifier } from '@umt/vit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cardMetadata, readCard, type ClassifierCard } from '../src/classifier/classifier-card.ts';
import type { EvaluateOptions } from '../src/evaluate.ts';
import { EvaluationMeter } from '../src/evaluation/evaluation-summary.ts';
import { predictVideos, type VideoPrediction } from '../src/evaluation/predict-videos.ts';
import { evaluateHere } from '../src/node/evaluate-here.ts';
import { confusionText } from '../src/report/confusion-figure.ts';
import { CLIPS } from './small.ts';

let folder: string;
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-evaluation-'));
  ({ engine } = await loadEngine({ device: 'cpu' }));
  setEngine(engine);
});
afterAll(async () => {
  setEngine(undefined);
  engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe('predicting videos', () => {
  const place = (index: number, clip: number) => ({
    index,
    path: `${index}.mp4`,
    label: 0,
    labels: [0],
    clip,
    crop: 0,
  });
  /** Views of one pixel whose red is the logit of class 1, over two batches that cut a video in two. */
  async function* batches() {
    const view = (red: number) => [red, 0, 0];
    yield {
      video: Float32Array.from([view(0), view(4), view(-2)].flat()),
      shape: [3, 1, 1, 1, 3] as const,
      places: [place(0, 0), place(0, 1), place(1, 0)],
    };
    yield { video: Float32Array.from(view(-2)), shape: [1, 1, 1, 1, 3] as const, places: [place(1, 1)] };
  }
  const model = {
    logits: (video: ReturnType<typeof tensor>) => {
      const views = video.shape[0] ?? 0;
      // class 0 has logit 0, class 1 the red of the pixel
      return tensor(
        Float32Array.from({ length: 2 * views }, (_, i) => (i % 2 === 0 ? 0 : (REDS.shift() ?? 0))),
        [views, 2],
      );
    },
  };
  const REDS = [0, 4, -2, -2];

  test('averages the softmax of a video’s views, not its logits, and tells it when the last view is through', async () => {
    const found: VideoPrediction[] = [];
    for await (const prediction of predictVideos(model, batches(), 2)) found.push(prediction);
    expect(found.map(({ index }) => index)).toEqual([0, 1]);
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    expect(found[0]?.probabilities[1]).toBeCloseTo((sigmoid(0) + sigmoid(4)) / 2, 6); // logits would give sigmoid(2)
    expect(found[1]?.probabilities[1]).toBeCloseTo(sigmoid(-2), 6);
  });
});

describe('counting', () => {
  test('a video of several classes counts by the one that scores highest, one without any not at all', () => {
    const meter = new EvaluationMeter(3);
    meter.add({ probabilities: Float64Array.of(0.5, 0.3, 0.2), labels: [2, 1] });
    meter.add({ probabilities: Float64Array.of(0.1, 0.8, 0.1), labels: [1] });
    meter.add({ probabilities: Float64Array.of(1, 0, 0), labels: [] });
    const { videos, top1, confusion, loss } = meter.summary;
    expect({ videos, top1 }).toEqual({ videos: 2, top1: 0.5 });
    expect(confusion).toEqual([
      [0, 0, 0],
      [1, 1, 0],
      [0, 0, 0],
    ]);
    expect(loss).toBeCloseTo((-Math.log(0.3) - Math.log(0.8)) / 2, 12);
  });

  test('the confusion table as text has a row for each class', () => {
    expect(
      confusionText(
        [
          [3, 0],
          [1, 12],
        ],
        ['left', 'right'],
      ),
    ).toBe('             0   1\n   0 left    3   ·\n   1 right   1  12');
  });
});

describe('the card of a classifier’s file', () => {
  test('comes back as it was written', () => {
    expect(readCard(cardMetadata(CARD), 'a.safetensors')).toEqual(CARD);
    expect(readCard({}, 'a.safetensors')).toBeNull();
  });

  test.each([
    ['{', 'a.safetensors: its umt.classifier is no JSON'],
    [JSON.stringify({ ...CARD_OF(2), classes: ['one'] }), 'inconsistent: 1 names for 2 classes'],
    [JSON.stringify({ ...CARD_OF(2), shortSide: 'wide' }), 'not understood at shortSide'],
  ])('one that is wrong is refused: %s', (text, message) => {
    expect(() => readCard({ 'umt.classifier': text }, 'a.safetensors')).toThrow(message);
  });
});

function CARD_OF(classes: number): ClassifierCard {
  return {
    model: {
      ...{ width: 12, depth: 1, heads: 2, mlpRatio: 2, patch: 8, tubelet: 1, imageSize: 16, frames: 2, classes },
      ...{ pooling: 'mean', qkvBias: true, dropPath: 0, dropout: 0, initValues: 0, initScale: 1 },
    },
    probeHeads: null,
    classes: ['box', 'street', 'tree'].slice(0, classes),
    task: 'cross-entropy',
    sampling: { kind: 'sparse' },
    shortSide: 16,
  };
}
const CARD = CARD_OF(3);

describe('umt evaluate', () => {
  let options: EvaluateOptions;
  beforeAll(async () => {
    const weights = join(folder, 'classifier.safetensors');
    const classifier = createClassifier(CARD.model, { seed: 3 });
    const tensors = [...(await stateDict(classifier))].map(
      ([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }] as const,
    );
    classifier.dispose();
    await saveSafetensors(weights, Object.fromEntries(tensors), { format: 'pt', ...cardMetadata(CARD) });
    const data = join(folder, 'list.csv');
    const names = ['box-1,box', 'street-1,street', 'missing,tree', 'tree-1,tree'];
    await writeFile(data, names.map((line) => line.replace(/^([^,]*)/, `${CLIPS}/$1.mp4`)).join('\n'));
    options = { weights, data, clips: 2, crops: 1, device: 'wasm', predictions: join(folder, 'predictions.jsonl') };
  });

  const run = (changes: Partial<EvaluateOptions> = {}, stop = new AbortController()) => {
    const warnings: string[] = [];
    return evaluateHere(
      { ...options, ...changes },
      {
        emit: (event) => void (event.type === 'warning' && warnings.push(event.message)),
        stopSignal: stop.signal,
      },
    ).then((result) => ({ result, warnings }));
  };

  test('counts what can be read, names what cannot, and writes a line for each video and a page', async () => {
    const report = join(folder, 'pages', 'evaluation.html');
    const { result, warnings } = await run({ report });
    expect(result).toMatchObject({ outcome: 'done', videos: 3, remaining: 0, resumed: 0, classes: CARD.classes });
    expect(result.unreadable).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(/missing\.mp4.*; it does not count$/)]);
    const lines = (await readFile(options.predictions ?? '', 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(5);
    expect(lines[3]).toMatchObject({ index: 2, error: expect.stringContaining('missing.mp4') });
    expect(lines[4]).toMatchObject({ index: 3, labels: ['tree'], prediction: expect.any(String) });
    const html = await readFile(report, 'utf8');
    expect(html).toContain('What was taken for what');
    expect(html).not.toMatch(/src=|href=/);
  });

  test('goes on after the videos that are there, a half-written line dropped, to the same figures', async () => {
    const { result: whole } = await run({ predictions: join(folder, 'whole.jsonl') });
    const path = join(folder, 'cut.jsonl');
    const lines = (await readFile(join(folder, 'whole.jsonl'), 'utf8')).split('\n');
    await writeFile(path, `${lines.slice(0, 3).join('\n')}\n`);
    await appendFile(path, lines[3]?.slice(0, 20) ?? '');
    const { result } = await run({ predictions: path });
    expect(result).toMatchObject({ resumed: 2, videos: 3, confusion: whole.confusion, top1: whole.top1 });
    expect(result.loss).toBeCloseTo(whole.loss, 5);
    expect(await readFile(path, 'utf8')).toBe(await readFile(join(folder, 'whole.jsonl'), 'utf8'));
    const again = await run({ predictions: path });
    expect(again.result).toMatchObject({ resumed: 4, remaining: 0, videos: 3 });
  });

  test('asked to stop, it ends with what is through', async () => {
    const stop = new AbortController();
    stop.abort();
    const { result } = await run({ predictions: join(folder, 'stopped.jsonl') }, stop);
    expect(result).toMatchObject({ outcome: 'stopped', videos: 1, remaining: 3 });
  });

  test('predictions of other settings are refused in one line', async () => {
    await run();
    await expect(run({ clips: 1 })).rejects.toThrow(
      /predictions\.jsonl: its predictions are of other clips; name another/,
    );
    await expect(run({ predictions: options.data })).rejects.toThrow('it is no file of predictions');
  });

  test('labels of another number are refused', async () => {
    await expect(run({ labels: ['a'] })).rejects.toThrow('1 labels are given for the 3 classes');
  });
});
