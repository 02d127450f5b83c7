import { escapeHtml, formatDuration, formatNumber } from './format.ts';
import { lineChart, smoothed, type Series } from './chart.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { RunReport, StepPoint } from './report-data.ts';
import type { RunSummary } from './summarize.ts';

/** A page that needs nothing beside itself: no network, no other file, and script only for the values under the pointer. */
export interface Page {
  readonly title: string;
  readonly lead: string;
  /** HTML, part after part; empty ones are left out. */
  readonly parts: readonly string[];
  /** Style rules beside the common ones. */
  readonly css?: string;
}

/** The page as an HTML document. */
export function htmlPage({ title, lead, parts, css = '' }: Page): string {
  const body = [`<h1>${escapeHtml(title)}</h1>`, `<p class="lead">${escapeHtml(lead)}</p>`, ...parts];
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
    `<title>${escapeHtml(title)}</title><style>${PAGE_STYLE}${css}</style></head>` +
    `<body><main>${body.filter((part) => part !== '').join('\n')}</main><script>${PAGE_SCRIPT}</script></body></html>\n`
  );
}

/** A part of a page under a heading. */
export function section(title: string, content: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>${content}</section>`;
}

/** When, where and how long: what stands below a run's title. */
export function runLead({ date, device, outcome, steps, totalSteps }: RunReport): string {
  const taken = steps.at(-1)?.step ?? 0;
  const how = outcome === 'done' ? `${formatNumber(taken, 7)} steps` : `stopped after step ${taken} of ${totalSteps}`;
  return `${dateLine(date)} · ${device} · ${how}`;
}

/** A moment as the pages write it. */
export function dateLine(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A paragraph that stands out. Takes HTML. */
export function note(html: string): string {
  return `<p class="note">${html}</p>`;
}

/** What every run has to say for itself: that it was stopped, what could not be read, what was left out. */
export function runNotes({ outcome, brokenVideos, skippedSteps }: RunReport): readonly string[] {
  const found: string[] = [];
  if (outcome === 'stopped')
    found.push('This run was stopped before its end and can go on from its checkpoint, see below.');
  if (brokenVideos.length > 0) found.push(brokenNote(brokenVideos, 'others took their place'));
  if (skippedSteps > 0)
    found.push(
      `${countOf(skippedSteps, 'step')} changed nothing, for want of a finite loss or gradient: see nonfinite.jsonl.`,
    );
  return found.map(note);
}

/** How many videos could not be read, and the first of them. HTML. */
export function brokenNote(brokenVideos: readonly string[], consequence: string): string {
  const shown = brokenVideos.slice(0, 5).map(escapeHtml).join('; ');
  const more = brokenVideos.length > 5 ? `; and ${brokenVideos.length - 5} more` : '';
  return `${countOf(brokenVideos.length, 'video')} could not be read and ${consequence}: ${shown}${more}`;
}

/** Name, value, and what is to be known about it. */
export type NumberCard = readonly [name: string, value: string, about: string];

/** The numbers that are looked at first, as cards. */
export function numberCards(cards: readonly NumberCard[]): string {
  const shown = cards.map(
    ([name, value, about]) => `<div><dt>${name}</dt><dd>${value}<small>${about}</small></dd></div>`,
  );
  return `<dl class="numbers">${shown.join('')}</dl>`;
}

/** Speed, waiting and time of a run. */
export function timeCards({ clipsPerStep, trainingVideos }: RunReport, summary: RunSummary): readonly NumberCard[] {
  return [
    [
      'speed',
      `${formatNumber(summary.samplesPerSecond)} clips/s`,
      `${formatDuration(summary.secondsPerStep)} per step of ${countOf(clipsPerStep, 'clip')}`,
    ],
    [
      'waiting for data',
      `${Number.isNaN(summary.dataWaitShare) ? '–' : Math.round(summary.dataWaitShare * 100)} %`,
      'of the time of a step',
    ],
    [
      'training time',
      formatDuration(summary.seconds),
      `${countOf(summary.clips, 'clip')} from ${countOf(trainingVideos, 'video')}`,
    ],
  ];
}

/** The training loss over the steps, as it is and smoothed, and whatever is drawn with it. */
export function lossCurves({ steps }: RunReport, others: readonly Series[]): string {
  const loss = seriesOf(steps, ({ loss: value }) => value);
  const window = Math.max(2, Math.round(loss.length / 20));
  const series: readonly Series[] = [
    { name: 'training loss', kind: 'raw', points: loss },
    { name: `mean of ${window} steps`, kind: 'smooth', points: smoothed(loss, window) },
    ...others,
  ];
  return lineChart({ title: 'Loss', series, range: stepRange(steps), logarithmic: true, height: 340 });
}

/** The learning rate over the steps. */
export function learningRateCurve({ steps }: RunReport): string {
  const points = seriesOf(steps, ({ learningRate }) => learningRate);
  const series: readonly Series[] = [{ name: 'learning rate', kind: 'plain', points }];
  return lineChart({ title: 'Learning rate', series, range: stepRange(steps), height: 170 });
}

/** Both ends of the axis of steps. */
export function stepRange(steps: readonly StepPoint[]): readonly [number, number] {
  return [0, Math.max(steps.at(-1)?.step ?? 1, 1)];
}

/** What to type next. */
export function commandList(commands: RunReport['commands']): string {
  return commands.map(({ about, command }) => `<p>${escapeHtml(about)}</p><pre>${escapeHtml(command)}</pre>`).join('');
}

/** Every field of a configuration, folded away. */
export function configurationDetails(config: object): string {
  return `<details><summary>every field of this run</summary><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre></details>`;
}

/** A number of things in words. */
export function countOf(count: number, thing: string): string {
  return `${formatNumber(count, 7)} ${thing}${count === 1 ? '' : 's'}`;
}

function seriesOf(steps: readonly StepPoint[], pick: (point: StepPoint) => number): Series['points'] {
  return steps.map((point) => ({ x: point.step, y: pick(point) }));
}
