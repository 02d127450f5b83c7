import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readReadme } from '../readme.mjs';
import { EXAMPLE } from '../vitest-readme.mjs';
import { publicPackages } from '../workspace.mjs';

describe.each(publicPackages().map((one) => [one.name, one] as const))('the README of %s', (name, one) => {
  it('names the package and says in one line what it is', () => {
    expect(existsSync(join(one.dir, 'README.md')), `${one.dir}/README.md is missing`).toBe(true);
    const { heading, oneLine } = readReadme(one);
    expect(heading).toContain(name);
    expect(heading).toMatch(/^# /);
    expect(`${heading} ${oneLine}`).toMatch(/\w+ \w+ \w+/);
    expect(oneLine.length).toBeGreaterThan(20);
  });

  it('says how to install it, with all it needs beside it', () => {
    const { install } = readReadme(one);
    const { peerDependencies = {}, peerDependenciesMeta = {} } = one.manifest;
    const needed = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
    expect(install).toEqual(expect.arrayContaining([name, ...needed]));
  });

  it('has an example that runs', async () => {
    await import(/* @vite-ignore */ join(one.dir, EXAMPLE));
  });
});
