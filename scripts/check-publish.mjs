// @ts-check
/**
 * A publishing dry run: the pending changesets make sense, no package jumps to a major version that nobody asked for, and
 * pnpm would publish every public package.
 */
import getReleasePlan from '@changesets/get-release-plan';
import { conclude } from './check.mjs';
import { pnpm } from './pack.mjs';
import { run } from './run.mjs';
import { publicPackages, ROOT } from './workspace.mjs';

/** @type {string[]} */
const problems = [];

const { changesets, releases } = await getReleasePlan(ROOT);
const asked = new Set(
  changesets.flatMap((one) => one.releases.filter(({ type }) => type === 'major').map(({ name }) => name)),
);
for (const { name, type, oldVersion, newVersion } of releases) {
  if (type === 'major' && !asked.has(name)) {
    problems.push(
      `${name} would jump from ${oldVersion} to ${newVersion}, which no changeset asks for: look at its peers`,
    );
  }
}
const released = new Map(releases.map(({ name, newVersion }) => [name, newVersion]));
for (const { name, manifest } of publicPackages()) {
  if (manifest.version === '0.0.0' && !released.has(name))
    problems.push(`${name} was never released and has no changeset`);
}

const [command, ...args] = pnpm();
const output = await run(command, [...args, '-r', 'publish', '--dry-run', '--no-git-checks', '--access', 'public'], {
  cwd: ROOT,
});
for (const { name, manifest } of publicPackages()) {
  if (!output.includes(`+ ${name}@${manifest.version}`))
    problems.push(`pnpm would not publish ${name}@${manifest.version}`);
}
conclude(problems, `${publicPackages().length} packages would publish; ${changesets.length} changesets are pending`);
