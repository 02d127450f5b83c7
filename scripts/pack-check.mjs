// @ts-check
/**
 * Installs each public package from its tarball into an empty folder, exactly as its README says, and runs the README's
 * example there on every Node that is supported; where the package has commands, their --help too.
 *
 *   node scripts/pack-check.mjs                    all packages, Node 20, 22, 24, 26
 *   node scripts/pack-check.mjs --node 20,24 @umt/nn
 *
 * Needs `pnpm build` before. Foreign packages come from npm; ours only from the tarballs.
 */
import { transform } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { conclude } from './check.mjs';
import { isWorkspacePackage } from './house.mjs';
import { NODE_MAJORS, nodeOf } from './node-versions.mjs';
import { packAll } from './pack.mjs';
import { readReadme } from './readme.mjs';
import { CommandError, mapLimited, run } from './run.mjs';
import { publicPackages } from './workspace.mjs';

/** @typedef {import('./workspace.mjs').Package} Package */

const { values, positionals } = parseArgs({ allowPositionals: true, options: { node: { type: 'string' } } });
const majors = values.node === undefined ? NODE_MAJORS : values.node.split(',').map(Number);
const packages = publicPackages().filter(({ name }) => positionals.length === 0 || positionals.includes(name));

/**
 * A folder that holds nothing but the package, what its README says to install with it, and its example.
 * @param {Package} one
 * @param {string} folder
 * @param {ReadonlyMap<string, string>} tarballs
 * @returns {Promise<readonly string[][]>} the arguments of `node` to try there
 */
async function install(one, folder, tarballs) {
  const { install: wanted, example } = readReadme(one);
  if (!wanted.includes(one.name)) throw new Error('its README has no `npm install` line that names it');
  if (example === undefined) throw new Error('its README has no ```ts example');

  const fromTarball = (/** @type {string} */ name) => `file:${tarballs.get(name)}`;
  const dependencies = Object.fromEntries(
    wanted.map((word) => {
      if (isWorkspacePackage(word)) return [word, fromTarball(word)];
      const at = word.lastIndexOf('@');
      return at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word, one.manifest.peerDependencies?.[word] ?? '*'];
    }),
  );
  const overrides = Object.fromEntries(
    [...tarballs.keys()].filter((name) => !(name in dependencies)).map((name) => [name, fromTarball(name)]),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies, overrides }),
  );
  const { code } = await transform(example, { loader: 'ts', format: 'esm', target: 'es2022' });
  writeFileSync(join(folder, 'example.mjs'), code);
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder });

  const commands = Object.values(one.manifest.bin ?? {});
  return [['example.mjs'], ...commands.map((file) => [join('node_modules', one.name, file), '--help'])];
}

/** @param {unknown} error */
function explain(error) {
  const output = error instanceof CommandError ? error.output.trim().split('\n').slice(-12).join('\n    ') : '';
  return `${error instanceof Error ? error.message : error}${output === '' ? '' : `\n    ${output}`}`;
}

const scratch = mkdtempSync(join(tmpdir(), 'umt-install-'));
try {
  const nodes = await Promise.all(majors.map(async (major) => ({ major, binary: await nodeOf(major) })));
  const versions = await Promise.all(nodes.map(({ binary }) => run(binary, ['--version'])));
  console.log(`on Node ${versions.map((version) => version.trim()).join(', ')}`);
  const tarballs = await packAll(scratch);

  const problems = await mapLimited(packages, 2, async (one) => {
    const folder = join(scratch, one.name);
    const start = performance.now();
    /** @type {string[]} */
    const found = [];
    try {
      for (const args of await install(one, folder, tarballs)) {
        for (const { major, binary } of nodes) {
          await run(binary, args, { cwd: folder, timeoutSeconds: 120 }).catch((error) => {
            found.push(`${one.name} on Node ${major}: ${explain(error)}`);
          });
        }
      }
    } catch (error) {
      found.push(`${one.name}: ${explain(error)}`);
    }
    rmSync(folder, { recursive: true, force: true });
    console.log(
      `${found.length === 0 ? 'ok ' : 'BAD'} ${one.name.padEnd(20)} ${((performance.now() - start) / 1000).toFixed(1)} s`,
    );
    return found;
  });
  conclude(
    problems.flat(),
    `${packages.length} packages install alone and run their README example on Node ${majors.join(', ')}`,
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
