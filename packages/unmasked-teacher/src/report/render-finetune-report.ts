import type { FinetuneConfig } from '../config/finetune-config.ts';
import type { EvaluationSummary } from '../evaluation/evaluation-summary.ts';
import type { PredictedClip } from '../finetune/predicted-clips.ts';
import { lineChart } from './chart.ts';
import { confusionFigure } from './confusion-figure.ts';
import { formatNumber } from './format.ts';
import {
  commandList,
  configurationDetails,
  countOf,
  htmlPage,
  learningRateCurve,
  lossCurves,
  note,
  numberCards,
  runLead,
  runNotes,
  section,
  stepRange,
  timeCards,
  type NumberCard,
} from './page.ts';
import { predictedClipFigure } from './predicted-clip-figure.ts';
import type { RunReport } from './report-data.ts';
import { summarize } from './summarize.ts';

/** A measurement of the classifier during the run. */
export interface AccuracyPoint {
  readonly step: number;
  /** Shares from 0 to 1. */
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
}

/** Everything the report of a fine-tuning run shows. Plain data. */
export interface FinetuneReportData extends RunReport {
  readonly config: FinetuneConfig;
  readonly classes: readonly string[];
  /** In order; empty where nothing was measured. */
  readonly accuracies: readonly AccuracyPoint[];
  /** The final classifier on one view of each validation video. */
  readonly validation: EvaluationSummary | null;
  /** On all views. */
  readonly test: EvaluationSummary | null;
  readonly best: { readonly step: number; readonly top1: number } | null;
  readonly clips: readonly PredictedClip[];
}

/** Writes the report of a fine-tuning run as one HTML page that needs nothing beside itself. */
export async function renderFinetuneReport(data: FinetuneReportData): Promise<string> {
  const clips = await Promise.all(data.clips.map(predictedClipFigure));
  const { validation, test, classes, config } = data;
  const measured = test ?? validation;
  return htmlPage({
    title: `Unmasked Teacher fine-tuning: ${config.recipe}`,
    lead: runLead(data),
    css: clips.map(({ css }) => css).join(''),
    parts: [
      ...(measured === null
        ? [
            note(
              config.data.validation === null
                ? 'No validation list was given, so nothing is known of how good this classifier is: <code>--validation list</code> names one.'
                : 'It was stopped before it was measured: start the same command again.',
            ),
          ]
        : []),
      ...runNotes(data),
      numbers(data),
      section('Curves', curves(data)),
      measured === null ? '' : section('What it confuses', confusionFigure(measured.confusion, classes)),
      clips.length === 0 ? '' : section('Some validation clips', clips.map(({ html }) => html).join('')),
      section('Going on', commandList(data.commands)),
      section('Configuration', configurationDetails(config)),
    ],
  });
}

function numbers(data: FinetuneReportData): string {
  const { validation, test, best, config, classes } = data;
  const summary = summarize({ steps: data.steps, clipsPerStep: data.clipsPerStep, heldOut: null });
  const { clips, crops } = config.evaluation;
  const cards: NumberCard[] = [];
  if (test) cards.push(['top-1', percent(test.top1), `${clips} × ${crops} views of ${countOf(test.videos, 'video')}`]);
  if (validation) {
    const about = `one view of ${countOf(validation.videos, 'video')}; chance is ${percent(1 / classes.length)}`;
    cards.push([test ? 'top-1, one view' : 'top-1', percent(validation.top1), about]);
  }
  const measured = test ?? validation;
  if (measured) {
    if (classes.length > 5) cards.push(['top-5', percent(measured.top5), `of ${classes.length} classes`]);
    cards.push(['mean class accuracy', percent(measured.meanClassAccuracy), 'every class counts alike']);
  }
  if (best) cards.push(['best top-1', percent(best.top1), `after step ${best.step}; its weights are kept too`]);
  cards.push([
    'training loss',
    formatNumber(summary.lastLoss),
    `mean of the last ${countOf(summary.window, 'step')}; of the first: ${formatNumber(summary.firstLoss)}`,
  ]);
  return numberCards([...cards, ...timeCards(data, summary)]);
}

function curves(data: FinetuneReportData): string {
  const { accuracies, steps, classes } = data;
  const range = stepRange(steps);
  const points = (pick: (point: AccuracyPoint) => number) =>
    accuracies.map((point) => ({ x: point.step, y: pick(point) }));
  const accuracy = lineChart({
    title: 'Accuracy on the validation list (%)',
    series: [
      { name: 'top-1', kind: 'held-out', points: points(({ top1 }) => 100 * top1) },
      { name: 'chance', kind: 'baseline', points: range.map((x) => ({ x, y: 100 / classes.length })) },
    ],
    range,
    height: 260,
  });
  const validationLoss = { name: 'validation loss', kind: 'held-out', points: points(({ loss }) => loss) } as const;
  return (
    (accuracies.length === 0 ? '' : accuracy) +
    lossCurves(data, accuracies.length === 0 ? [] : [validationLoss]) +
    learningRateCurve(data)
  );
}

function percent(share: number): string {
  return `${formatNumber(100 * share, 3)} %`;
}
