import { escapeHtml, formatNumber } from './format.ts';

/** With more classes than this a picture could not be read, and only the most frequent mistakes are listed. */
const MAX_DRAWN = 60;
/** Up to so many classes the counts stand in the cells. */
const MAX_COUNTED = 24;
const MISTAKES = 10;

/** A mistake and how often it was made. */
interface Mistake {
  readonly label: string;
  readonly prediction: string;
  readonly count: number;
  /** Of the label's own videos. */
  readonly share: number;
}

/**
 * What was taken for what: a picture of the confusion table, rows the true class and columns the prediction, darker for a
 * larger share of the row; and the most frequent mistakes. HTML.
 *
 * @param confusion counts [label][prediction]
 */
export function confusionFigure(confusion: readonly (readonly number[])[], classes: readonly string[]): string {
  const picture = classes.length > MAX_DRAWN ? '' : drawing(confusion, classes);
  const mistakes = mistakesOf(confusion, classes);
  const rows = mistakes
    .slice(0, MISTAKES)
    .map(
      ({ label, prediction, count, share }) =>
        `<tr><td>${escapeHtml(label)}</td><td>${escapeHtml(prediction)}</td><td class="number">${count}</td><td class="number">${formatNumber(100 * share, 3)} %</td></tr>`,
    );
  const table =
    rows.length === 0
      ? '<p>No video was taken for another class.</p>'
      : `<table><tr><th>class</th><th>taken for</th><th>videos</th><th>of its class</th></tr>${rows.join('')}</table>`;
  return `${picture}${table}`;
}

/** The confusion table as text, for terminals: counts under shortened names. Up to 30 classes; beyond, the most frequent mistakes. */
export function confusionText(confusion: readonly (readonly number[])[], classes: readonly string[]): string {
  if (classes.length > 30) {
    return mistakesOf(confusion, classes)
      .slice(0, MISTAKES)
      .map(({ label, prediction, count }) => `  ${label} taken for ${prediction}: ${count}`)
      .join('\n');
  }
  const width = Math.max(3, ...confusion.flat().map((count) => String(count).length)) + 1;
  const nameWidth = Math.min(24, Math.max(...classes.map((name) => name.length)));
  const named = (name: string, length: number) => (name.length > length ? `${name.slice(0, length - 1)}…` : name);
  const numbers = classes.map((_, number) => String(number).padStart(width)).join('');
  const rows = confusion.map((row, number) => {
    const counts = row.map((count) => (count === 0 ? '·' : String(count)).padStart(width)).join('');
    return `  ${String(number).padStart(2)} ${named(classes[number] ?? '', nameWidth).padEnd(nameWidth)}${counts}`;
  });
  return [`  ${' '.repeat(3 + nameWidth)}${numbers}`, ...rows].join('\n');
}

function drawing(confusion: readonly (readonly number[])[], classes: readonly string[]): string {
  const cell = classes.length > MAX_COUNTED ? 12 : 34;
  const names = classes.map((name) => (name.length > 26 ? `${name.slice(0, 25)}…` : name));
  const margin = Math.max(...names.map((name) => name.length)) * 7 + 14;
  const side = cell * classes.length;
  const middle = cell / 2 + 4;
  const labels = names.map(
    (name, i) =>
      `<text x="${margin - 8}" y="${margin + i * cell + middle}" text-anchor="end">${escapeHtml(name)}</text>` +
      `<text transform="translate(${margin + i * cell + middle} ${margin - 8}) rotate(-90)">${escapeHtml(name)}</text>`,
  );
  const cells = confusion.flatMap((row, label) => {
    const total = row.reduce((sum, count) => sum + count, 0) || 1;
    return row.map((count, prediction) => {
      const share = count / total;
      const [x, y] = [margin + prediction * cell, margin + label * cell];
      const color = label === prediction ? 'var(--accent)' : 'var(--warm)';
      const about = `${classes[label] ?? ''} taken for ${classes[prediction] ?? ''}: ${count} of ${total}`;
      const number =
        count > 0 && classes.length <= MAX_COUNTED
          ? `<text class="count" x="${x + cell / 2}" y="${y + middle}">${count}</text>`
          : '';
      return (
        `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${color}" fill-opacity="${formatNumber(0.75 * share, 2)}">` +
        `<title>${escapeHtml(about)}</title></rect>${number}`
      );
    });
  });
  const size = margin + side + 8;
  return (
    `<figure class="confusion"><figcaption><h3>What was taken for what</h3><span>rows: the class; columns: what was predicted</span></figcaption>` +
    `<svg viewBox="0 0 ${size} ${size}" style="width:${size}px" role="img" aria-label="confusion table">${labels.join('')}${cells.join('')}</svg></figure>`
  );
}

function mistakesOf(confusion: readonly (readonly number[])[], classes: readonly string[]): readonly Mistake[] {
  return confusion
    .flatMap((row, label) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      return row.map((count, prediction) => ({
        isMistake: label !== prediction && count > 0,
        label: classes[label] ?? String(label),
        prediction: classes[prediction] ?? String(prediction),
        count,
        share: count / total,
      }));
    })
    .filter(({ isMistake }) => isMistake)
    .sort((a, b) => b.count - a.count);
}
