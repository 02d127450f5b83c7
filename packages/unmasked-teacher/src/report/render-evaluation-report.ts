import type { EvaluateResult } from '../evaluate.ts';
import { confusionFigure } from './confusion-figure.ts';
import { escapeHtml, formatNumber } from './format.ts';
import { brokenNote, countOf, dateLine, htmlPage, note, numberCards, section, type NumberCard } from './page.ts';

/** Everything the page of an evaluation shows. */
export interface EvaluationReportData {
  readonly result: EvaluateResult;
  /** Path of the classifier. */
  readonly weights: string;
  /** Path of the list. */
  readonly data: string;
  readonly date: Date;
}

/** Writes an evaluation as one HTML page that needs nothing beside itself. */
export function renderEvaluationReport({ result, weights, data, date }: EvaluationReportData): string {
  const { classes, confusion, clips, crops, unreadable, remaining, picked } = result;
  return htmlPage({
    title: `Evaluation of ${weights.split(/[/\\]/).slice(-2).join('/')}`,
    lead: `${dateLine(date)} · ${picked.deviceName} · ${data} · ${clips} × ${crops} views of each video`,
    parts: [
      remaining > 0 ? note(`Stopped with ${countOf(remaining, 'video')} to go: these figures are of the others.`) : '',
      unreadable.length > 0 ? note(brokenNote(unreadable, 'do not count')) : '',
      numberCards(cards(result)),
      section('What it confuses', confusionFigure(confusion, classes)),
      section('Classes', classTable(result)),
    ],
  });
}

function cards({ top1, top5, meanClassAccuracy, loss, videos, classes }: EvaluateResult): readonly NumberCard[] {
  return [
    ['top-1', percent(top1), `of ${countOf(videos, 'video')}; chance is ${percent(1 / classes.length)}`],
    ...(classes.length > 5 ? [['top-5', percent(top5), `of ${classes.length} classes`] as const] : []),
    ['mean class accuracy', percent(meanClassAccuracy), 'every class counts alike'],
    ['loss', formatNumber(loss), 'mean of −log of the right class’s probability'],
  ];
}

function classTable({ confusion, classes }: EvaluateResult): string {
  const rows = confusion.map((row, label) => {
    const videos = row.reduce((sum, count) => sum + count, 0);
    const accuracy = videos === 0 ? '–' : percent((row[label] ?? 0) / videos);
    return `<tr><td>${escapeHtml(classes[label] ?? String(label))}</td><td class="number">${videos}</td><td class="number">${accuracy}</td></tr>`;
  });
  return `<table><tr><th>class</th><th>videos</th><th>right</th></tr>${rows.join('')}</table>`;
}

function percent(share: number): string {
  return `${formatNumber(100 * share, 3)} %`;
}
