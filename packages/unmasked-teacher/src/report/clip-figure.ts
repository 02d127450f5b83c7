import { dataUri } from './data-uri.ts';
import { escapeHtml, formatNumber } from './format.ts';
import { heatColor } from './heat.ts';
import { encodePng } from './png.ts';
import type { ClipPicture } from './report-data.ts';

/** A clip's part of the page: a style rule with its pixels, once, and rows of frames that use it. */
export interface ClipFigure {
  readonly css: string;
  readonly html: string;
}

/** Three rows over the same frames: as they are, under the teacher's attention, and only where the student saw them. */
export async function clipFigure(clip: ClipPicture, index: number): Promise<ClipFigure> {
  const { width, height, rgb } = clip.strip;
  const pixels = dataUri('image/png', await encodePng(width, height, rgb));
  const name = `clip-${index}`;
  const perFrame = clip.grid ** 2;
  const attention = Array.from({ length: clip.frames * perFrame }, (_, i) => clip.attention[i] ?? 0);
  const { heat, contrast } = toHeat(attention);
  const visible = new Set(clip.visible);

  const row = (label: string, overlay: (position: number) => string) => {
    const frames = Array.from({ length: clip.frames }, (_, t) => {
      const patches = Array.from({ length: perFrame }, (_, patch) => {
        const style = overlay(t * perFrame + patch);
        return (
          style &&
          `<rect x="${patch % clip.grid}" y="${Math.floor(patch / clip.grid)}" width="1.02" height="1.02" ${style}/>`
        );
      });
      const place = clip.frames === 1 ? 0 : (100 * t) / (clip.frames - 1);
      return (
        `<div class="frame ${name}" style="background-position:${Number(place.toFixed(4))}% 0">` +
        `<svg viewBox="0 0 ${clip.grid} ${clip.grid}" aria-hidden="true">${patches.join('')}</svg></div>`
      );
    });
    return `<div class="strip"><span>${label}</span><div class="frames">${frames.join('')}</div></div>`;
  };
  const kept = `${clip.visible.length} of ${attention.length} tokens`;
  return {
    css: `.${name}{background-image:url(${pixels});background-size:${clip.frames * 100}% 100%}`,
    html:
      `<figure class="clip"><figcaption><h3>${escapeHtml(clip.name)}</h3>` +
      `<span>the student sees ${kept}; the teacher's brightest patch has ${formatNumber(contrast, 2)} times the attention of an average one</span></figcaption>` +
      row('frames', () => '') +
      row('teacher’s attention', (i) => `fill="${heatColor(heat[i] ?? 0)}" opacity="0.62"`) +
      row('kept tokens', (i) => (visible.has(i) ? '' : 'class="masked"')) +
      '</figure>',
  };
}

/** Attention from 0 for the least to 1 for the most of the clip, and how much the most is above the mean. */
function toHeat(attention: readonly number[]): { readonly heat: readonly number[]; readonly contrast: number } {
  const least = Math.min(...attention);
  const most = Math.max(...attention);
  const mean = attention.reduce((sum, value) => sum + value, 0) / attention.length;
  const span = most - least || 1;
  return { heat: attention.map((value) => (value - least) / span), contrast: most / (mean || 1) };
}
