// @ts-check
/**
 * Draws the emoji of `src/emoji-pictures.ts` from the icons of @iconify-json/fluent-emoji-flat:
 *
 *   node packages/sprites/scripts/make-emoji.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

/** Which icons, and what captions call them where it is not their own name; the splits share none. */
const CHOSEN = {
  train: [
    ...['airplane', 'automobile:car', 'avocado', 'balloon', 'bear', 'bell', 'bus', 'butterfly', 'cactus', 'camera'],
    ...['carrot', 'chicken', 'crab', 'dog', 'duck', 'eggplant', 'elephant', 'fox', 'ghost', 'guitar', 'hamburger'],
    ...['lady-beetle:ladybird', 'lemon', 'lion', 'octopus', 'owl', 'penguin', 'pizza', 'robot', 'snail', 'strawberry'],
    ...['sunflower', 'teapot', 'tent', 'turtle', 'umbrella', 'whale'],
  ],
  validation: ['cupcake', 'dolphin', 'drum', 'frog', 'helicopter', 'honeybee:bee', 'pear', 'rabbit-face:rabbit'],
  test: [
    ...['cow', 'croissant', 'doughnut', 'hedgehog', 'panda', 'parrot', 'pineapple', 'rooster', 'shark'],
    ...['t-rex:dinosaur', 'television', 'tiger', 'tractor', 'trumpet', 'unicorn', 'watermelon'],
  ],
};

/** Points of each side of a picture, and how many are looked at for each, one way. */
const SIDE = 80;
const ZOOM = 5;
/** As many colours as a picture may have. */
const MAX_COLORS = 26;

/**
 * @typedef {{ readonly body: string; readonly left?: number; readonly top?: number; readonly width?: number; readonly height?: number }} Icon
 * @typedef {{ readonly icons: Readonly<Record<string, Icon>>; readonly width?: number; readonly height?: number }} IconSet
 */

/** @returns {Promise<string>} the module's text */
export async function emojiModule() {
  const require = createRequire(import.meta.url);
  /** @type {IconSet} */
  const set = JSON.parse(readFileSync(require.resolve('@iconify-json/fluent-emoji-flat/icons.json'), 'utf8'));
  const parts = [];
  for (const [split, names] of Object.entries(CHOSEN)) {
    const rows = [];
    for (const chosen of names) {
      const [icon = '', name = icon] = chosen.split(':');
      const { colors, runs } = await draw(set, icon);
      rows.push(`    { name: '${name}', colors: '${colors}', runs: '${runs}' },`);
    }
    parts.push(`  ${split}: [\n${rows.join('\n')}\n  ],`);
  }
  return [
    '// Made by scripts/make-emoji.mjs: do not edit. Fluent Emoji, (c) Microsoft Corporation, MIT licence: see the NOTICE file.',
    "import type { EmojiPicture } from './emoji.ts';",
    "import type { SpriteSplit } from './split.ts';",
    '',
    '// prettier-ignore',
    '/** Pictures of emoji, split by split. */',
    'export const EMOJI_PICTURES: Readonly<Record<SpriteSplit, readonly EmojiPicture[]>> = {',
    ...parts,
    '};',
    '',
  ].join('\n');
}

/**
 * @param {IconSet} set
 * @param {string} name
 */
async function draw({ icons, width = 16, height = 16 }, name) {
  const icon = icons[name];
  if (!icon) throw new Error(`there is no icon '${name}'`);
  const { body, left = 0, top = 0 } = icon;
  if (/gradient|opacity|filter|clip|mask|stroke/i.test(body)) throw new Error(`'${name}' has more than plain fills`);
  const colors = [
    ...new Set([...body.matchAll(/fill="(#[0-9a-fA-F]{3,6})"/g)].map(([, color = '']) => longHex(color))),
  ];
  if (colors.length > MAX_COLORS) throw new Error(`'${name}' has ${colors.length} colours`);
  const box = `${left} ${top} ${icon.width ?? width} ${icon.height ?? height}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}" width="${SIDE * ZOOM}" height="${SIDE * ZOOM}">${body}</svg>`;
  const { data } = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const palette = colors.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));

  let runs = '';
  let [letter, length] = ['', 0];
  for (let point = 0; point < SIDE * SIDE; point++) {
    const next = letterAt(point);
    if (next === letter) {
      length++;
      continue;
    }
    runs += runOf(letter, length);
    [letter, length] = [next, 1];
  }
  return { colors: colors.map((hex) => hex.slice(1)).join(' '), runs: runs + runOf(letter, length) };

  /** The middle of a point decides: its nearest colour, or '.' for nothing. @param {number} point */
  function letterAt(point) {
    const [row, column] = [Math.floor(point / SIDE), point % SIDE];
    const middle = (ZOOM - 1) / 2;
    const place = 4 * ((row * ZOOM + middle) * SIDE * ZOOM + column * ZOOM + middle);
    if ((data[place + 3] ?? 0) < 128) return '.';
    const distances = palette.map((color) =>
      color.reduce((sum, value, channel) => sum + (value - (data[place + channel] ?? 0)) ** 2, 0),
    );
    return String.fromCharCode(97 + distances.indexOf(Math.min(...distances)));
  }
}

/** @param {string} hex '#abc' or '#aabbcc' */
const longHex = (hex) => (hex.length === 4 ? hex.replace(/[0-9a-f]/gi, '$&$&') : hex).toLowerCase();

/** @param {string} letter @param {number} length */
const runOf = (letter, length) => (length > 1 ? `${length}${letter}` : letter);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../src/emoji-pictures.ts', import.meta.url), await emojiModule());
}
