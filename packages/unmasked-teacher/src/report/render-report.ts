import type { Series } from './chart.ts';
import { clipFigure } from './clip-figure.ts';
import { escapeHtml, formatNumber } from './format.ts';
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
} from './page.ts';
import type { HeldOutSummary, ReportData } from './report-data.ts';
import { summarize, type RunSummary } from './summarize.ts';

/**
 * Writes the report of a pre-training run as one HTML page that needs nothing beside itself: no network, no other file,
 * and script only for the values under the pointer.
 */
export async function renderReport(data: ReportData): Promise<string> {
  const clips = await Promise.all(data.clips.map(clipFigure));
  const summary = summarize(data);
  return htmlPage({
    title: `Unmasked Teacher pre-training: ${data.config.recipe}`,
    lead: runLead(data),
    css: clips.map(({ css }) => css).join(''),
    parts: [
      teacherNote(data),
      ...runNotes(data),
      numbers(data, summary),
      section('Curves', curves(data)),
      data.heldOut === null ? '' : section('Does the student look at the video?', heldOutTable(data.heldOut, summary)),
      clips.length === 0
        ? ''
        : section('What teacher and student saw', clipIntroduction(data) + clips.map(({ html }) => html).join('')),
      section('Going on', commandList(data.commands)),
      section('Configuration', configurationDetails(data.config)),
    ],
  });
}

function teacherNote({ config }: ReportData): string {
  if (config.teacher.weights !== null) return '';
  return note(
    `<b>The teacher of this run is a ${config.teacher.width < 512 ? 'small ' : ''}CLIP with random weights.</b> All of the method ran, but what the student learned is ` +
      'how that random network answers, not what a trained CLIP knows. Such a teacher is mostly a function of each patch by itself, and its ' +
      'attention means nothing, so neither do the patches that the mask keeps. Do not fine-tune from this student. ' +
      'A trained CLIP visual tower goes in with <code>--teacher file.safetensors</code>.',
  );
}

function numbers(data: ReportData, summary: RunSummary): string {
  return numberCards([
    [
      'training loss',
      formatNumber(summary.lastLoss),
      `mean of the last ${countOf(summary.window, 'step')}; of the first: ${formatNumber(summary.firstLoss)}`,
    ],
    ...(data.heldOut === null
      ? []
      : [
          [
            'held-out loss',
            formatNumber(summary.heldOutLoss),
            `${formatNumber(data.heldOut.blindLoss)} without looking at the video`,
          ] as const,
        ]),
    ...timeCards(data, summary),
  ]);
}

function curves(data: ReportData): string {
  const { heldOut, steps } = data;
  const ofHeldOut: readonly Series[] =
    heldOut === null
      ? []
      : [
          {
            name: 'held-out loss',
            kind: 'held-out',
            points: heldOut.evaluations.map(({ step, loss: y }) => ({ x: step, y })),
          },
          {
            name: 'held out, without looking',
            kind: 'baseline',
            points: stepRange(steps).map((x) => ({ x, y: heldOut.blindLoss })),
          },
        ];
  return lossCurves(data, ofHeldOut) + learningRateCurve(data);
}

function heldOutTable({ videos, clips, blindLoss }: HeldOutSummary, { heldOutLoss }: RunSummary): string {
  const share = Math.round((1 - heldOutLoss / blindLoss) * 100);
  const verdict =
    share > 0
      ? `The student’s loss is ${share} % below that of a guess that never sees a pixel, so ${share < 10 ? 'a little of' : 'part of'} what it predicts it reads from the video.`
      : 'The student does not yet predict better than a guess that never sees a pixel.';
  return (
    `<p>${verdict}</p><table><tr><th>on ${countOf(clips, 'clip')} of ${escapeHtml(videos.join(', '))}, never trained on</th><th>loss</th></tr>` +
    `<tr><td>this student</td><td class="number">${formatNumber(heldOutLoss)}</td></tr>` +
    `<tr><td>always predicting the mean training target of each layer and position</td><td class="number">${formatNumber(blindLoss)}</td></tr></table>`
  );
}

function clipIntroduction({ config }: ReportData): string {
  const dropped = `${formatNumber(config.mask.ratio * 100)} %`;
  const how = {
    attention: `Patches are drawn with the teacher’s class attention as weights, without replacement, per frame; the ${dropped} that were not drawn are dropped.`,
    tube: `One random pattern that drops ${dropped} of the patches is used for all frames.`,
    random: `${dropped} of all patches, drawn evenly, are dropped.`,
  }[config.mask.kind];
  return `<p>${how} The student sees only what was kept and learns the teacher’s features there.</p>`;
}
