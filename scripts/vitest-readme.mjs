// @ts-check
import { dirname, join } from 'node:path';
import { readReadme } from './readme.mjs';
import { publicPackages } from './workspace.mjs';

/** The name under which a package's README example stands beside its README, without being a file. */
export const EXAMPLE = 'README.example.ts';

/**
 * A Vite plugin that serves `packages/<name>/README.example.ts`: the first TypeScript block of that README, importing from
 * the package's own place.
 * @returns {import('vitest/config').ViteUserConfig['plugins']}
 */
export function readmeExamples() {
  const byFile = new Map(publicPackages().map((one) => [join(one.dir, EXAMPLE), one]));
  return [
    {
      name: 'readme-examples',
      enforce: 'pre',
      resolveId: (id) => (byFile.has(id) ? id : undefined),
      load(id) {
        const one = byFile.get(id);
        if (one === undefined) return undefined;
        const { example } = readReadme(one);
        if (example === undefined) throw new Error(`${dirname(id)}/README.md has no \`\`\`ts block`);
        return example;
      },
    },
  ];
}
