import { dataUri } from './data-uri.ts';
import { escapeHtml, formatNumber } from './format.ts';
import { heatColor } from './heat.ts';
import { encodePng } from './png.ts';
import type { ClipPicture, FrameStrip } from './report-data.ts';

/** A clip's part of the page: a style rule with its pixels, once, and rows of frames that use it. */
export interface ClipFigure {
  readonly css: string;
  readonly html: string;
}

/** Rows over the same frames: as they are, under the teacher's attention, and only where the student saw them. */
export async function clipFigure(clip: ClipPicture, index: number): Promise<ClipFigure> {
  const name = `clip-${index}`;
  const visible = new Set(clip.visible);
  const attention = clip.attention && toHeat(Array.from(clip.attention));
  const facts = [
    `the student sees ${clip.visible.length} of ${clip.frames * clip.grid ** 2} tokens`,
    ...(attention
      ? [
          `the teacher’s brightest patch has ${formatNumber(attention.contrast, 2)} times the attention of an average one`,
        ]
      : []),
  ];
  const row = (label: string, overlay: (position: number) => string) => frameRow(clip, name, label, overlay);
  return {
    css: await stripStyle(name, clip),
    html:
      `<figure class="clip"><figcaption><h3>${escapeHtml(clip.name)}</h3><span>${facts.join('; ')}</span></figcaption>` +
      row('frames', () => '') +
      (attention
        ? row('teacher’s attention', (i) => `fill="${heatColor(attention.heat[i] ?? 0)}" opacity="0.6"`)
        : '') +
      row('kept tokens', (i) => (visible.has(i) ? '' : 'class="masked"')) +
      '</figure>',
  };
}

/** The style rule that gives frames of a class their pixels. */
export async function stripStyle(
  name: string,
  { strip, frames }: { readonly strip: FrameStrip; readonly frames: number },
): Promise<string> {
  const pixels = dataUri('image/png', await encodePng(strip.width, strip.height, strip.rgb));
  return `.${name}{background-image:url(${pixels});background-size:${frames * 100}% 100%}`;
}

/** All frames in a row, each under its patches; `overlay` says how the patch of a token (t, h, w) is drawn, '' for not. */
export function frameRow(
  { frames, grid }: { readonly frames: number; readonly grid: number },
  name: string,
  label: string,
  overlay: (position: number) => string,
): string {
  const drawn = Array.from({ length: frames }, (_frame, t) => {
    const patches = Array.from({ length: grid ** 2 }, (_patch, patch) => {
      const style = overlay(t * grid ** 2 + patch);
      const [x, y] = [patch % grid, Math.floor(patch / grid)];
      return style && `<rect x="${x}" y="${y}" width="1" height="1" ${style}/>`;
    });
    const place = frames === 1 ? 0 : (100 * t) / (frames - 1);
    return (
      `<div class="frame ${name}" style="background-position:${Number(place.toFixed(4))}% 0">` +
      `<svg viewBox="0 0 ${grid} ${grid}" aria-hidden="true" shape-rendering="crispEdges">${patches.join('')}</svg></div>`
    );
  });
  return `<div class="strip"><span>${label}</span><div class="frames">${drawn.join('')}</div></div>`;
}

/** Attention from 0 for the least to 1 for the most of the clip, and how much the most is above the mean. */
function toHeat(attention: readonly number[]): { readonly heat: readonly number[]; readonly contrast: number } {
  const least = Math.min(...attention);
  const most = Math.max(...attention);
  const mean = attention.reduce((sum, value) => sum + value, 0) / attention.length;
  const span = most - least || 1;
  return { heat: attention.map((value) => (value - least) / span), contrast: most / (mean || 1) };
}
