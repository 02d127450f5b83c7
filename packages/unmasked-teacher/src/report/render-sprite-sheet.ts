import { dataUri } from './data-uri.ts';
import { escapeHtml } from './format.ts';
import { countOf, htmlPage } from './page.ts';
import { encodePng } from './png.ts';
import type { FrameStrip } from './report-data.ts';

/** A clip that stands for its class. */
export interface SpriteSheetClip {
  readonly label: string;
  /** The class that holds the same frames in another order. */
  readonly partner: string | null;
  readonly captions: readonly string[];
  readonly questions: readonly { readonly question: string; readonly answer: string }[];
  /** Frames side by side. */
  readonly frames: FrameStrip;
}

/** A page that shows what the classes of a set of Sprite Actions look like, and what is said of them. */
export async function renderSpriteSheet(
  folder: string,
  clipCount: number,
  clips: readonly SpriteSheetClip[],
): Promise<string> {
  const paired = clips.filter(({ partner }) => clips.some(({ label }) => label === partner)).length;
  return htmlPage({
    title: 'Sprite Actions',
    lead:
      `${folder}: ${countOf(clipCount, 'video')} of ${clips.length} classes, of which ${paired} are told apart from a partner ` +
      'only by the order of frames',
    parts: await Promise.all(clips.map(figureOf)),
    css: STYLE,
  });
}

const STYLE =
  '.sprites{margin:1.6rem 0}.sprites h3{display:inline;margin-right:.6rem}.sprites img{display:block;width:100%;height:auto;margin:.4rem 0;image-rendering:pixelated}' +
  '.sprites p{margin:.15rem 0}.sprites dl{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;margin:.2rem 0;font-size:.85em}.sprites dl div{display:flex;gap:.4rem}' +
  '.sprites dd{margin:0;font-weight:600}';

async function figureOf({ label, partner, captions, questions, frames }: SpriteSheetClip): Promise<string> {
  const { width, height, rgb } = frames;
  const png = dataUri('image/png', await encodePng(width, height, rgb));
  const same = partner === null ? '' : `<span>the frames of ${escapeHtml(partner)} in another order</span>`;
  const asked = questions.map(
    ({ question, answer }) => `<div><dt>${escapeHtml(question)}</dt><dd>${escapeHtml(answer)}</dd></div>`,
  );
  return (
    `<figure class="sprites"><figcaption><h3>${escapeHtml(label)}</h3>${same}</figcaption>` +
    `<img src="${png}" width="${width}" height="${height}" alt="${escapeHtml(captions[0] ?? label)}">` +
    `${captions.map((caption) => `<p>${escapeHtml(caption)}</p>`).join('')}<dl>${asked.join('')}</dl></figure>`
  );
}
