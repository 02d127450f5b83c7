// @ts-check
/** No published declaration names `@tensorflow` outside the engines: our types stand without tfjs installed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { conclude } from './check.mjs';
import { isEngine } from './house.mjs';
import { publicPackages, ROOT } from './workspace.mjs';

/** @type {string[]} */
const problems = [];
let count = 0;
for (const { name, dir } of publicPackages()) {
  const declarations = readdirSync(join(dir, 'dist'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.d.ts'),
  );
  if (declarations.length === 0) problems.push(`${name} publishes no declarations: run pnpm build`);
  for (const file of declarations) {
    const path = join(dir, 'dist', file);
    count += 1;
    if (!isEngine(name) && readFileSync(path, 'utf8').includes('@tensorflow/')) {
      problems.push(`${relative(ROOT, path)} names @tensorflow: a reader of our types would need tfjs`);
    }
  }
}
conclude(problems, `${count} declaration files, none outside the engines names @tensorflow`);
