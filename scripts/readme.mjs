// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./workspace.mjs').Package} Package */

/**
 * @typedef {object} Readme what a package's README promises
 * @property {string} text
 * @property {string} heading the first line
 * @property {string} oneLine the first paragraph
 * @property {readonly string[]} install packages that its install command names
 * @property {string | undefined} example its first TypeScript block
 */

/**
 * @param {Package} one
 * @returns {Readme}
 * @throws when the package has no README.md
 */
export function readReadme({ dir }) {
  const text = readFileSync(join(dir, 'README.md'), 'utf8');
  const [heading = '', ...rest] = text.split('\n');
  const oneLine = rest.join('\n').trim().split('\n\n')[0] ?? '';
  const command = /^\s*npm (?:install|i|add) (.+)$/m.exec(text)?.[1] ?? '';
  const install = command.split(/\s+/).filter((word) => word !== '' && !word.startsWith('-') && !word.startsWith('#'));
  const example = /^```(?:ts|typescript)\n([\s\S]*?)^```$/m.exec(text)?.[1];
  return { text, heading, oneLine: oneLine.replaceAll('\n', ' '), install, example };
}
