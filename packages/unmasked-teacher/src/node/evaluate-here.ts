import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openCheckpoint } from '@umt/checkpoint';
import { topK } from '@umt/metrics';
import { pickedLine, type Picked } from '@umt/runtime';
import type { RunControl } from '@umt/trainer';
import { ConfigError } from '../config/config-error.ts';
import type { EvaluateEvent, EvaluateOptions, EvaluateResult } from '../evaluate.ts';
import { EvaluationMeter } from '../evaluation/evaluation-summary.ts';
import { measureClassifier } from '../evaluation/measure.ts';
import type { VideoPrediction } from '../evaluation/predict-videos.ts';
import { loadClassifyingModel, type ClassifyingModel } from '../inference/video-model.ts';
import { renderEvaluationReport } from '../report/render-evaluation-report.ts';
import { readVideos } from './labeled-videos.ts';
import { makeFolder } from './make-folder.ts';
import { fileHash, listHash, PredictionsFile, type PredictionLine } from './predictions-file.ts';
import { withEngine } from './with-engine.ts';

/**
 * Evaluates in this thread, from a classifier's file and a list to figures, predictions and a page. It computes for long
 * stretches; `evaluate` runs it in a worker.
 *
 * @throws CheckpointError, DataError, ManifestError, ReferenceCheckpointError, PredictionsFileError, ConfigError, DeviceError
 */
export async function evaluateHere(
  options: EvaluateOptions,
  control: RunControl<EvaluateEvent>,
): Promise<EvaluateResult> {
  const loading = (detail: string) => control.emit({ type: 'phase', phase: 'loading', detail, progress: null });
  const file = await openCheckpoint(options.weights);
  try {
    loading('engine');
    return await withEngine(options.device, async (picked) => {
      loading(pickedLine(picked));
      const model = await loadClassifyingModel(file, options);
      try {
        const result = await evaluateModel(model, options, picked, control);
        await writePage(result, options);
        return result;
      } finally {
        model.dispose();
      }
    });
  } finally {
    await file.close();
  }
}

async function evaluateModel(
  model: ClassifyingModel,
  options: EvaluateOptions,
  picked: Picked,
  { emit, stopSignal }: RunControl<EvaluateEvent>,
): Promise<EvaluateResult> {
  const { weights, data, prefix = null, clips = 4, crops = 3, batchSize = 1, workers = 0 } = options;
  const { card } = model;
  const classes = namesOf(card.classes, options);
  const { entries } = await readVideos(data, '--data', { prefix, separator: null }, classes);
  const meter = new EvaluationMeter(classes.length);
  const unreadable: string[] = [];
  let done = 0;
  const numbers = new Map(classes.map((name, number) => [name, number]));
  const numberOf = (name: string) => numbers.get(name) ?? Number(name);
  const count = (line: PredictionLine) => {
    done++;
    if ('error' in line) unreadable.push(line.error);
    else meter.add({ probabilities: Float64Array.from(line.probabilities), labels: line.labels.map(numberOf) });
  };
  const saved = options.predictions === undefined ? null : await openPredictions(options.predictions);
  const resumed = saved?.earlier.length ?? 0;
  saved?.earlier.forEach(count);
  const take = (line: PredictionLine) => {
    saved?.add(line);
    count(line);
    emit({ type: 'phase', phase: 'finishing', detail: 'evaluating videos', progress: done / entries.length });
  };
  try {
    if (done < entries.length) {
      await measureClassifier(model, {
        card,
        entries,
        views: { clips, crops, protocol: 'test', batchSize, workers },
        firstVideo: done,
        onPrediction: (prediction) => take(lineOf(prediction, classes)),
        onUnreadable: ({ index, path, cause: { message } }) => {
          emit({ type: 'warning', message: `${message}; it does not count` });
          take({ index, path, error: message });
        },
        stopSignal,
      });
    }
  } finally {
    saved?.close();
  }
  return {
    ...meter.summary,
    ...{ classes, clips, crops, picked, resumed, unreadable },
    outcome: done < entries.length ? 'stopped' : 'done',
    remaining: entries.length - done,
    predictions: options.predictions ?? null,
    report: options.report ?? null,
  };

  async function openPredictions(path: string): Promise<PredictionsFile> {
    const settings = { weights: await fileHash(weights), list: listHash(entries), clips, crops, classes };
    return PredictionsFile.open(path, settings);
  }
}

/** The names that were given for the classes, or those that the file has. */
function namesOf(known: readonly string[], { labels, weights }: EvaluateOptions): readonly string[] {
  if (labels === undefined) return known;
  if (labels.length === known.length) return labels;
  throw new ConfigError(`${labels.length} labels are given for the ${known.length} classes of ${weights} (--labels)`);
}

function lineOf({ index, path, labels, probabilities }: VideoPrediction, classes: readonly string[]): PredictionLine {
  const nameOf = (number = -1) => classes[number] ?? String(number);
  return {
    index,
    path,
    labels: labels.map(nameOf),
    prediction: nameOf(topK(probabilities, 1)[0]),
    probabilities: Array.from(probabilities, (probability) => Number(probability.toPrecision(7))),
  };
}

async function writePage(result: EvaluateResult, { report, weights, data }: EvaluateOptions): Promise<void> {
  if (report === undefined) return;
  await makeFolder(dirname(report));
  await writeFile(report, renderEvaluationReport({ result, weights, data, date: new Date() }));
}
