import { basename, relative, sep } from 'node:path';

/** How a user calls this program again: `umt` where it is installed under that name, else the script it was started by. */
export function programName(script: string, folder: string): string {
  if (/^umt(\.cmd)?$/.test(basename(script))) return 'npx umt';
  if (script.split(sep).includes('node_modules')) return 'npx umt';
  return `node ${relative(folder, script)}`;
}
