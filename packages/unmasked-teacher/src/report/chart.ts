import { escapeHtml, formatNumber } from './format.ts';
import { linearScale, logScale, type Scale } from './scale.ts';

/** A line, or points, of a chart. */
export interface Series {
  readonly name: string;
  /** How it is drawn; the page's style sheet gives each its colour. */
  readonly kind: 'raw' | 'smooth' | 'held-out' | 'baseline' | 'plain';
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** A chart of one or more series over steps. */
export interface ChartOptions {
  readonly title: string;
  readonly series: readonly Series[];
  /** Left and right end of the x axis. */
  readonly range: readonly [number, number];
  /** A y axis by powers; taken only where all values are above 0. */
  readonly logarithmic?: boolean;
  /** Height of the drawing in its own units; it is 800 wide. */
  readonly height?: number;
}

const WIDTH = 800;
const MARGIN = { left: 56, right: 14, top: 10, bottom: 28 };

/**
 * Draws an SVG line chart with axes, grid and a legend. The points are also put beside it as JSON, from which the page's
 * script shows values under the pointer; without the script it is a picture.
 */
export function lineChart({ title, series, range, logarithmic = false, height = 300 }: ChartOptions): string {
  const values = series.flatMap(({ points }) => points.map(({ y }) => y)).filter(Number.isFinite);
  if (values.length === 0) return `<p class="empty">${escapeHtml(title)}: nothing to draw yet.</p>`;
  const yScale = valueScale(values, logarithmic);
  const xScale = linearScale(range[0], range[1], 8);
  const x = (value: number) => MARGIN.left + xScale.place(value) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value: number) => height - MARGIN.bottom - yScale.place(value) * (height - MARGIN.top - MARGIN.bottom);

  const grid = yScale.ticks.map(
    (tick) =>
      `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}"/>` +
      `<text class="tick" text-anchor="end" x="${MARGIN.left - 8}" y="${fixed(y(tick) + 4)}">${yScale.label(tick)}</text>`,
  );
  const steps = xScale.ticks
    .filter(Number.isInteger)
    .map(
      (tick) =>
        `<text class="tick" text-anchor="middle" x="${fixed(x(tick))}" y="${height - 8}">${xScale.label(tick)}</text>`,
    );
  const lines = series.map(({ kind, points }) => {
    const seen = points.filter(({ y: value }) => Number.isFinite(value));
    const path = thinned(seen).map((point, i) => `${i === 0 ? 'M' : 'L'}${fixed(x(point.x))} ${fixed(y(point.y))}`);
    const dots = seen.map(
      (point) => `<circle class="${kind}" cx="${fixed(x(point.x))}" cy="${fixed(y(point.y))}" r="3.5"/>`,
    );
    return `<path class="${kind}" d="${path.join('')}"/>${kind === 'held-out' ? dots.join('') : ''}`;
  });
  const legend = series.map(({ name, kind }) => `<span class="key ${kind}">${escapeHtml(name)}</span>`);
  const hover = {
    width: WIDTH,
    places: series.map(({ name, points }) => ({
      name,
      points: points.map((point) => [fixed(x(point.x)), point.x, formatNumber(point.y, 4)]),
    })),
  };
  return (
    `<figure class="chart"><figcaption><h3>${escapeHtml(title)}</h3><div class="legend">${legend.join('')}</div></figcaption>` +
    `<div class="plot"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">` +
    `${grid.join('')}${steps.join('')}<text class="tick" text-anchor="end" x="${WIDTH - MARGIN.right}" y="${height - 8}"></text>` +
    `${lines.join('')}<line class="cursor" y1="${MARGIN.top}" y2="${height - MARGIN.bottom}" x1="-9" x2="-9"/></svg>` +
    `<output class="readout" hidden></output></div>` +
    `<script type="application/json">${JSON.stringify(hover).replaceAll('<', '\\u003c')}</script></figure>`
  );
}

/** Moving average that begins at the first value: what is read as the curve behind the noise. */
export function smoothed(points: Series['points'], window: number): Series['points'] {
  return points.map(({ x }, i) => {
    const near = points.slice(Math.max(0, i - window + 1), i + 1).filter(({ y }) => Number.isFinite(y));
    return { x, y: near.reduce((sum, { y }) => sum + y, 0) / near.length };
  });
}

function valueScale(values: readonly number[], logarithmic: boolean): Scale {
  const [low, high] = values.reduce<[number, number]>(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
  if (logarithmic && low > 0 && high / low > 4) return logScale(tickBelow(low), high * 1.05);
  const bottom = low >= 0 && low < high / 2 ? 0 : low - (high - low) * 0.1;
  return linearScale(bottom, high + (high - bottom) * 0.05 || 1);
}

/** The nearest of 1, 2 and 5 times a power of ten that is not above. */
function tickBelow(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([5, 2].find((factor) => factor * power <= value) ?? 1);
}

/** At most about 2000 points: of each run of neighbours the lowest and the highest, so that no spike is lost. */
function thinned(points: Series['points']): Series['points'] {
  const size = Math.ceil(points.length / 1000);
  if (size <= 2) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const run = points.slice(i * size, (i + 1) * size).toSorted((a, b) => a.y - b.y);
    return [run[0], run.at(-1)].filter((point) => point !== undefined).toSorted((a, b) => a.x - b.x);
  }).flat();
}

function fixed(value: number): number {
  return Number(value.toFixed(1));
}
