// @ts-check
/**
 * Every public package is fit to publish: publint and are-the-types-wrong on the packed tarball, and one shape of
 * package.json for all.
 */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { filterProblems } from '@arethetypeswrong/core/problems';
import { build } from 'esbuild';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { conclude } from './check.mjs';
import { packAll } from './pack.mjs';
import { run } from './run.mjs';
import { publicPackages, resolveTarget } from './workspace.mjs';

/** @typedef {import('./workspace.mjs').Package} Package */

const EVERY_TARBALL_HAS = ['package/package.json', 'package/README.md', 'package/LICENSE'];
/** What is built, and C++ that is compiled where it is installed. */
const MAY_BE_IN_A_TARBALL =
  /^package\/(package\.json|README\.md|LICENSE|NOTICE|CHANGELOG\.md|dist\/|native\/[\w-]+\.(cc|h)$)/;

/**
 * @param {Package} one
 * @param {string} tarball
 */
async function publintProblems({ manifest }, tarball) {
  const data = readFileSync(tarball);
  const packed = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const { messages } = await publint({ pack: { tarball: packed } });
  return messages.map((message) => formatMessage(message, manifest, { color: false }) ?? message.code);
}

/** ESM only: what a bundler and Node's import see. CommonJS and Node 10 resolution are not offered. @param {string} tarball */
async function typeProblems(tarball) {
  const analysis = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  if (!analysis.types) return ['has no types'];
  const found = /** @type {const} */ (['node16-esm', 'bundler']).flatMap((resolutionKind) =>
    filterProblems(analysis, { resolutionKind }).map((problem) => {
      const where = 'entrypoint' in problem ? problem.entrypoint : 'fileName' in problem ? problem.fileName : '';
      const what = 'moduleSpecifier' in problem ? ` ${problem.moduleSpecifier}` : '';
      return `types: ${problem.kind} ${where}${what} (${resolutionKind})`;
    }),
  );
  return [...new Set(found)];
}

/** @param {string} tarball */
async function contentProblems(tarball) {
  const files = (await run('tar', ['tzf', tarball])).trim().split('\n');
  return [
    ...EVERY_TARBALL_HAS.filter((file) => !files.includes(file)).map((file) => `the tarball lacks ${file.slice(8)}`),
    ...files
      .filter((file) => !MAY_BE_IN_A_TARBALL.test(file))
      .map((file) => `the tarball should not hold ${file.slice(8)}`),
  ];
}

/** @param {Package} one */
function manifestProblems({ dir }) {
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  const { dependencies = {}, peerDependencies = {}, devDependencies = {}, peerDependenciesMeta = {} } = manifest;
  /** @type {string[]} */
  const problems = [];
  const demand = (/** @type {boolean} */ holds, /** @type {string} */ what) =>
    holds || problems.push(`package.json: ${what}`);

  demand(manifest.type === 'module', '"type" must be "module"');
  demand(manifest.license === 'MIT', '"license" must be "MIT"');
  demand('sideEffects' in manifest, '"sideEffects" must be stated');
  demand(manifest.engines?.node === '>=20', '"engines.node" must be ">=20"');
  demand(/^.{20,}\.$/.test(manifest.description ?? ''), '"description" must be a sentence');
  const files = ['dist', ...['native', 'NOTICE'].filter((name) => existsSync(join(dir, name)))];
  demand(String(manifest.files) === String(files), `"files" must be ${JSON.stringify(files)}`);
  for (const [path, target] of Object.entries(manifest.exports ?? {})) {
    if (path === './package.json' || /\.(wasm|json)$/.test(path)) continue;
    demand(Object.keys(target)[0] === 'types', `exports["${path}"] must begin with "types"`);
  }
  for (const [name, range] of Object.entries({ ...dependencies, ...peerDependencies, ...devDependencies })) {
    if (!name.startsWith('@umt/')) continue;
    demand(
      /** @type {string} */ (range).startsWith('workspace:'),
      `${name} must be taken from the workspace, not "${range}"`,
    );
  }
  for (const name of Object.keys(peerDependencies)) {
    demand(name in devDependencies, `peer ${name} must be a devDependency too, or nothing here is tested with it`);
  }
  for (const name of Object.keys(peerDependenciesMeta)) {
    demand(name in peerDependencies, `peerDependenciesMeta names ${name}, which is no peer`);
  }
  return problems;
}

/**
 * One set of types stands for every condition, so every condition must export the same names.
 * @param {Package} one
 */
async function conditionProblems({ dir, manifest }) {
  /** @type {string[]} */
  const problems = [];
  for (const [path, target] of Object.entries(manifest.exports ?? {})) {
    const node = resolveTarget(target, ['node', 'import']);
    const browser = resolveTarget(target, ['browser', 'import']);
    if (node === undefined || browser === undefined || node === browser) continue;
    const inNode = await exportedNames(join(dir, node));
    const inBrowser = await exportedNames(join(dir, browser));
    for (const name of new Set([...inNode, ...inBrowser])) {
      if (inNode.has(name) && inBrowser.has(name)) continue;
      problems.push(`exports["${path}"] has ${name} in ${inNode.has(name) ? node : browser} only`);
    }
  }
  return problems;
}

/** @param {string} file @returns {Promise<Set<string>>} */
async function exportedNames(file) {
  const { metafile } = await build({
    entryPoints: [file],
    outdir: 'out',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  });
  return new Set(Object.values(metafile.outputs).flatMap(({ entryPoint, exports }) => (entryPoint ? exports : [])));
}

const folder = mkdtempSync(join(tmpdir(), 'umt-pack-'));
try {
  const tarballs = await packAll(folder);
  /** @type {string[]} */
  const problems = [];
  for (const one of publicPackages()) {
    const tarball = tarballs.get(one.name) ?? '';
    const found = [
      ...manifestProblems(one),
      ...(await conditionProblems(one)),
      ...(await contentProblems(tarball)),
      ...(await publintProblems(one, tarball)),
      ...(await typeProblems(tarball)),
    ];
    problems.push(...found.map((problem) => `${one.name}: ${problem}`));
  }
  conclude(problems, `${tarballs.size} packages are fit to publish`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
