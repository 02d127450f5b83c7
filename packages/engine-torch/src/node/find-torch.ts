import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TorchUnavailableError } from '../errors.ts';
import type { Blas, FoundTorch } from '../options.ts';

const LIBRARY = 'libtorch_cpu.so';
/** Where distributions put libraries. */
const SYSTEM_LIBRARIES = ['lib/x86_64-linux-gnu', 'lib/aarch64-linux-gnu', 'lib64', 'lib'];
/** Prints where a python has torch, without importing it. */
const ASK_PYTHON =
  'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")';

/**
 * The torch to build against and to load: what LIBTORCH names, else what a `python` or `python3` on the PATH would import,
 * else the system's own (Debian's libtorch-dev).
 * @throws TorchUnavailableError 'platform', 'torch' or 'headers', saying what to install
 */
export function findTorch(environment: NodeJS.ProcessEnv = process.env): FoundTorch {
  if (process.platform !== 'linux') {
    throw new TorchUnavailableError('platform', `this engine runs on Linux, not on ${process.platform}`);
  }
  const named = environment['LIBTORCH'];
  if (named) {
    const root = resolve(named);
    const libraries = librariesIn(root);
    if (!libraries) {
      throw new TorchUnavailableError(
        'torch',
        `LIBTORCH is ${named}, where there is no lib/${LIBRARY}; name the folder of an unpacked libtorch or of python's torch`,
      );
    }
    return describe('LIBTORCH', root, libraries);
  }
  for (const python of ['python', 'python3']) {
    const folder = torchOf(python, environment);
    if (folder && hasOwnLibraries(folder)) return describe('python', folder, join(folder, 'lib'));
  }
  for (const root of ['/usr/local', '/usr']) {
    const libraries = librariesIn(root);
    if (libraries) return describe('system', root, libraries);
  }
  throw new TorchUnavailableError(
    'torch',
    'no torch found through LIBTORCH, python or the system; run: pip install torch, or apt-get install libtorch-dev libopenblas0-openmp',
  );
}

function librariesIn(root: string): string | undefined {
  return SYSTEM_LIBRARIES.map((folder) => join(root, folder)).find((folder) => existsSync(join(folder, LIBRARY)));
}

/** Debian's python3-torch has links to the system's libraries: one torch under two names would be built for twice. */
function hasOwnLibraries(folder: string): boolean {
  const library = join(folder, 'lib', LIBRARY);
  return existsSync(library) && realpathSync(library).startsWith(realpathSync(folder));
}

/** What the pythons that were asked said: starting one takes as long as starting an engine. */
const answers = new Map<string, string | undefined>();

/** The folder of the torch that a python would import. */
function torchOf(python: string, environment: NodeJS.ProcessEnv): string | undefined {
  const { PATH, PYTHONPATH, PYTHONHOME } = environment;
  const key = JSON.stringify([python, PATH, PYTHONPATH, PYTHONHOME]);
  if (!answers.has(key)) answers.set(key, ask(python, environment));
  return answers.get(key);
}

function ask(python: string, environment: NodeJS.ProcessEnv): string | undefined {
  try {
    const found = execFileSync(python, ['-c', ASK_PYTHON], {
      env: environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return found.trim() || undefined;
  } catch {
    return undefined; // there is no such python, or it is broken
  }
}

function describe(source: FoundTorch['source'], root: string, libraries: string): FoundTorch {
  const include = join(root, 'include');
  const api = join(include, 'torch/csrc/api/include');
  const headers = [join(include, 'torch/headeronly/version.h'), join(api, 'torch/version.h')];
  const header = headers.find((file) => existsSync(file));
  if (!header) {
    throw new TorchUnavailableError(
      'headers',
      `${join(libraries, LIBRARY)} is there, but not its headers (${headers.at(-1)}); on Debian run: apt-get install libtorch-dev`,
    );
  }
  return {
    source,
    version: versionIn(readFileSync(header, 'utf8')),
    libraries,
    includes: [include, api],
    hasCxx11Abi: hasCxx11Abi(root, libraries),
    blas: blasOf(libraries),
    hasCuda: existsSync(join(libraries, 'libtorch_cuda.so')),
  };
}

function versionIn(header: string): string {
  return ['MAJOR', 'MINOR', 'PATCH']
    .map((part) => new RegExp(`#define TORCH_VERSION_${part} (\\d+)`).exec(header)?.[1] ?? '0')
    .join('.');
}

/** torch's own CMake files say so where it is not the compiler's default. */
function hasCxx11Abi(root: string, libraries: string): boolean {
  const files = [join(root, 'share/cmake/Torch/TorchConfig.cmake'), join(libraries, 'cmake/Torch/TorchConfig.cmake')];
  const text = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
  return !text.join('').includes('_GLIBCXX_USE_CXX11_ABI=0');
}

/** A torch of pip brings its own; Debian's takes the system's libblas, which is a link. */
function blasOf(libraries: string): Blas {
  const link = join(libraries, 'libblas.so.3');
  if (!existsSync(link)) return { name: 'its own BLAS', isReference: false };
  const file = realpathSync(link);
  const known = ['openblas', 'mkl', 'blis', 'atlas'].find((name) => file.includes(name));
  return known ? { name: known === 'openblas' ? 'OpenBLAS' : known, isReference: false } : REFERENCE;
}

const REFERENCE: Blas = { name: 'reference BLAS', isReference: true };
