import { lineChart, smoothed, type Series } from './chart.ts';
import { clipFigure } from './clip-figure.ts';
import { escapeHtml, formatDuration, formatNumber } from './format.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { HeldOutSummary, ReportData, StepPoint } from './report-data.ts';
import { summarize, type RunSummary } from './summarize.ts';

/**
 * Writes the report of a pre-training run as one HTML page that needs nothing beside itself: no network, no other file,
 * and script only for the values under the pointer.
 */
export async function renderReport(data: ReportData): Promise<string> {
  const clips = await Promise.all(data.clips.map(clipFigure));
  const summary = summarize(data);
  const title = `Unmasked Teacher pre-training: ${data.config.recipe}`;
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="lead">${escapeHtml(leadOf(data))}</p>`,
    ...notes(data),
    numbers(data, summary),
    section('Curves', curves(data)),
    data.heldOut === null ? '' : section('Does the student look at the video?', heldOutTable(data.heldOut, summary)),
    clips.length === 0
      ? ''
      : section('What teacher and student saw', clipIntroduction(data) + clips.map(({ html }) => html).join('')),
    section('Going on', commands(data)),
    section('Configuration', configuration(data)),
  ];
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
    `<title>${escapeHtml(title)}</title><style>${PAGE_STYLE}${clips.map(({ css }) => css).join('')}</style></head>` +
    `<body><main>${body.join('\n')}</main><script>${PAGE_SCRIPT}</script></body></html>\n`
  );
}

function section(title: string, content: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>${content}</section>`;
}

function leadOf({ date, device, outcome, steps, totalSteps }: ReportData): string {
  const when = `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const taken = steps.at(-1)?.step ?? 0;
  const how = outcome === 'done' ? `${formatNumber(taken, 7)} steps` : `stopped after step ${taken} of ${totalSteps}`;
  return `${when} · ${device} · ${how}`;
}

function notes({ config, outcome, brokenVideos, skippedSteps }: ReportData): readonly string[] {
  const found: string[] = [];
  if (config.teacher.weights === null) {
    found.push(
      `<b>The teacher of this run is a ${config.teacher.width < 512 ? 'small ' : ''}CLIP with random weights.</b> All of the method ran, but what the student learned is ` +
        'how that random network answers, not what a trained CLIP knows. Such a teacher is mostly a function of each patch by itself, and its ' +
        'attention means nothing, so neither do the patches that the mask keeps. Do not fine-tune from this student. ' +
        'A trained CLIP visual tower goes in with <code>--teacher file.safetensors</code>.',
    );
  }
  if (outcome === 'stopped')
    found.push('This run was stopped before its end and can go on from its checkpoint, see below.');
  if (brokenVideos.length > 0) {
    const shown = brokenVideos.slice(0, 5).map(escapeHtml).join('; ');
    const more = brokenVideos.length > 5 ? `; and ${brokenVideos.length - 5} more in the log` : '';
    found.push(
      `${countOf(brokenVideos.length, 'video')} could not be read and others took their place: ${shown}${more}`,
    );
  }
  if (skippedSteps > 0)
    found.push(`${countOf(skippedSteps, 'step')} had a loss or gradient that was not finite and changed nothing.`);
  return found.map((text) => `<p class="note">${text}</p>`);
}

function numbers({ clipsPerStep, trainingVideos, heldOut }: ReportData, summary: RunSummary): string {
  const cards = [
    [
      'training loss',
      formatNumber(summary.lastLoss),
      `mean of the last ${countOf(summary.window, 'step')}; of the first: ${formatNumber(summary.firstLoss)}`,
    ],
    ...(heldOut === null
      ? []
      : [
          [
            'held-out loss',
            formatNumber(summary.heldOutLoss),
            `${formatNumber(heldOut.blindLoss)} without looking at the video`,
          ],
        ]),
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
  const shown = cards.map(
    ([name, value, about]) => `<div><dt>${name}</dt><dd>${value}<small>${about}</small></dd></div>`,
  );
  return `<dl class="numbers">${shown.join('')}</dl>`;
}

function curves({ steps, heldOut }: ReportData): string {
  const range = [0, Math.max(steps.at(-1)?.step ?? 1, 1)] as const;
  const series = (pick: (point: StepPoint) => number) => steps.map((point) => ({ x: point.step, y: pick(point) }));
  const loss = series(({ loss: value }) => value);
  const window = Math.max(2, Math.round(loss.length / 20));
  const ofLoss: Series[] = [
    { name: 'training loss', kind: 'raw', points: loss },
    { name: `mean of ${window} steps`, kind: 'smooth', points: smoothed(loss, window) },
  ];
  if (heldOut !== null) {
    const points = heldOut.evaluations.map(({ step, loss: y }) => ({ x: step, y }));
    ofLoss.push(
      { name: 'held-out loss', kind: 'held-out', points },
      { name: 'held out, without looking', kind: 'baseline', points: range.map((x) => ({ x, y: heldOut.blindLoss })) },
    );
  }
  const rate = series(({ learningRate }) => learningRate);
  return (
    lineChart({ title: 'Loss', series: ofLoss, range, logarithmic: true, height: 340 }) +
    lineChart({
      title: 'Learning rate',
      series: [{ name: 'learning rate', kind: 'plain', points: rate }],
      range,
      height: 170,
    })
  );
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

function commands({ commands: next }: ReportData): string {
  return next.map(({ about, command }) => `<p>${escapeHtml(about)}</p><pre>${escapeHtml(command)}</pre>`).join('');
}

function configuration({ config }: ReportData): string {
  return `<details><summary>every field of this run</summary><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre></details>`;
}

function countOf(count: number, thing: string): string {
  return `${formatNumber(count, 7)} ${thing}${count === 1 ? '' : 's'}`;
}
