// @ts-check
/**
 * Makes a working @tensorflow/tfjs-node from the npm registry and PyPI alone: the npm package without its install script
 * (whose downloads are old and often out of reach), TensorFlow's C library out of the tensorflow-cpu wheel, and the addon
 * compiled against both. Prints the folder, which UMT_TFJS_NODE_DIR names for the "tensorflow" engine. A folder that is
 * complete is left as it is.
 *
 *   UMT_TFJS_NODE_DIR=$(node scripts/build-tfjs-node.mjs) pnpm vitest run packages/conformance/test/tensorflow.test.ts
 *
 * Needs Linux on x64, npm, python3 with pip, and g++. Takes about a minute, and 1 GB of disk.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandError, run } from './run.mjs';

const TFJS_NODE = '4.22.0';
/** The oldest release whose wheel has the C library by itself; the addon was written for 2.9, whose functions it all has. */
const TENSORFLOW = '2.12.1';
const NODE_HEADERS = '1.9.0';

const EXTRACT = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(('tensorflow/libtensorflow_', 'tensorflow/include/tensorflow/')): wheel.extract(name, sys.argv[2])
`;

const CHECK = `
const tf = require('@tensorflow/tfjs-node');
const product = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[1], [1]])).dataSync();
if (product[0] !== 3 || product[1] !== 7) throw new Error('a wrong product: ' + product);
`;

const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const target =
  process.env['UMT_TFJS_NODE_DIR'] ?? join(cache, 'umt', `tfjs-node-${TFJS_NODE}-tensorflow-${TENSORFLOW}`);

/** @param {string} message @returns {never} */
function stop(message) {
  console.error(`build-tfjs-node: ${message}`);
  process.exit(1);
}

/** @param {string} step @param {() => Promise<unknown>} work */
async function timed(step, work) {
  const start = performance.now();
  await work();
  console.error(`${step}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** @param {string} folder where node_modules will be */
async function installPackages(folder) {
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const packages = [`@tensorflow/tfjs-node@${TFJS_NODE}`, `node-api-headers@${NODE_HEADERS}`];
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], { cwd: folder });
}

/** @param {string} folder gets `tensorflow/` with the library and its headers */
async function fetchLibrary(folder) {
  // any Python's wheel has the same library
  const platform = ['--only-binary=:all:', '--python-version', '3.11', '--platform', 'manylinux_2_17_x86_64'];
  const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', ...platform, '-d', folder];
  await run('python3', [...download, `tensorflow-cpu==${TENSORFLOW}`]);
  const name = `tensorflow_cpu-${TENSORFLOW}-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`;
  await run('python3', ['-c', EXTRACT, join(folder, name), folder]);
  await rm(join(folder, name));
}

/** @param {string} folder @param {string} library */
async function placeLibrary(folder, library) {
  const deps = join(folder, 'node_modules/@tensorflow/tfjs-node/deps');
  await mkdir(join(deps, 'lib'), { recursive: true });
  await rename(join(library, 'tensorflow/include'), join(deps, 'include'));
  for (const [file, link] of [
    ['libtensorflow_cc.so.2', 'libtensorflow.so'],
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  ]) {
    await rename(join(library, 'tensorflow', file ?? ''), join(deps, 'lib', file ?? ''));
    await symlink(file ?? '', join(deps, 'lib', link ?? ''));
  }
}

/** @param {string} folder */
async function compileAddon(folder) {
  const root = join(folder, 'node_modules/@tensorflow/tfjs-node');
  const addon = join(root, 'lib/napi-v8/tfjs_binding.node');
  await mkdir(dirname(addon), { recursive: true });
  const headers = [join(folder, 'node_modules/node-api-headers/include'), 'deps/include', '.'];
  const options = ['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8', ...headers.map((path) => `-I${path}`)];
  const libraries = ['-Ldeps/lib', '-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'];
  const sources = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'];
  await run('g++', [...options, ...sources, '-o', addon, ...libraries], { cwd: root });
}

/** @param {string} folder */
async function check(folder) {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '1' };
  // its addon calls a function that Node 23 took away
  const restored = `const u = require('util'); u.isNullOrUndefined ??= (v) => v == null; ${CHECK}`;
  await run(process.execPath, ['-e', restored], { cwd: folder, env });
}

if (process.platform !== 'linux' || process.arch !== 'x64')
  stop(`only for Linux on x64, not ${process.platform}-${process.arch}`);
if (!existsSync(join(target, 'complete'))) {
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(`${target}-`);
  try {
    const library = join(folder, 'library');
    await mkdir(library);
    await timed('packages from npm', () => installPackages(folder));
    await timed('library from PyPI', () => fetchLibrary(library));
    await placeLibrary(folder, library);
    await rm(library, { recursive: true });
    await timed('addon', () => compileAddon(folder));
    await timed('check', () => check(folder));
    await writeFile(join(folder, 'complete'), '');
    await rm(target, { recursive: true, force: true });
    await rename(folder, target);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!(error instanceof CommandError)) throw error;
    stop(`${error.message}\n${error.output.trim().split('\n').slice(-15).join('\n')}`);
  }
}
console.log(target);
