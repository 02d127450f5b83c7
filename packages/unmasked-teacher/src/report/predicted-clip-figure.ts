import type { PredictedClip } from '../finetune/predicted-clips.ts';
import { frameRow, stripStyle, type ClipFigure } from './clip-figure.ts';
import { escapeHtml, formatNumber } from './format.ts';

/** A clip's part of the page: its frames, its class, and what the classifier says. */
export async function predictedClipFigure(clip: PredictedClip, index: number): Promise<ClipFigure> {
  const name = `predicted-${index}`;
  const [best] = clip.predictions;
  const isRight = best !== undefined && clip.labels.includes(best.name);
  const said = clip.predictions.map(
    ({ name: label, probability }) => `${escapeHtml(label)} ${formatNumber(100 * probability, 3)} %`,
  );
  return {
    css: await stripStyle(name, clip),
    html:
      `<figure class="clip"><figcaption><h3>${escapeHtml(clip.labels.join(', ') || 'no class')} ` +
      `<span class="${isRight ? 'right' : 'wrong'}">${isRight ? '✓' : '✗'}</span></h3><span>${escapeHtml(clip.name)}</span></figcaption>` +
      frameRow({ frames: clip.frames, grid: 1 }, name, 'frames', () => '') +
      `<div class="strip"><span>predicted</span><div>${said.join(' · ')}</div></div></figure>`,
  };
}
