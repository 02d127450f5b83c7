import { expect, it } from 'vitest';
import { findLeaks } from '../leaks.mjs';

it.each([
  ['see /work/main/packages', "a machine's own path"],
  ["read('/root/.cache/x')", "a machine's own path"],
  ['cd /home/ada/src', "a machine's own path"],
  ['as ../shared/spec/stage1.md says', 'a path that no clone has'],
  ['https://registry.example.org/zod', 'an address of a package registry'],
])('finds the leak in %j', (text, what) => {
  expect(findLeaks(`first line\n${text}\n`)).toEqual([{ line: 2, what }]);
});

it.each(['packages/work/main.ts', 'https://example.org/work/of/art', './root/a', 'the shared fixtures', 'npm run x'])(
  'lets %j be',
  (text) => {
    expect(findLeaks(text)).toEqual([]);
  },
);
