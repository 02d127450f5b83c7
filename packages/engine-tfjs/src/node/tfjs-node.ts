import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import util from 'node:util';
import type { LoadedTensorFlow } from '../tensorflow/create.ts';
import { TensorFlowUnavailableError } from '../tensorflow/errors.ts';
import { TENSORFLOW_PACKAGES, type FoundTensorFlow, type TensorFlowEngineOptions } from '../tensorflow/packages.ts';

/** The package that would be loaded, or null where none is installed. Nothing of it is run. */
export function findTensorFlow(options: TensorFlowEngineOptions = {}): FoundTensorFlow | null {
  const wanted = options.package ? [options.package] : TENSORFLOW_PACKAGES;
  const environment = process.env['UMT_TFJS_NODE_DIR'];
  const folders = [options.folder, import.meta.url, process.cwd(), environment].flatMap((place) => place ?? []);
  for (const name of wanted) {
    for (const place of folders) {
      const from = place.startsWith('file:') ? place : join(resolve(place), 'package.json');
      for (const modules of createRequire(from).resolve.paths(`@tensorflow/${name}`) ?? []) {
        const folder = join(modules, '@tensorflow', name);
        if (existsSync(join(folder, 'package.json'))) return { package: name, folder };
      }
    }
  }
  return null;
}

/**
 * Loads tfjs-node or tfjs-node-gpu as the user installed it.
 * @throws TensorFlowUnavailableError 'missing' when it is not installed, 'unusable' when its native part does not load
 */
export function loadTfjsNode(options: TensorFlowEngineOptions): LoadedTensorFlow {
  const found = findTensorFlow(options);
  const names = options.package ? [options.package] : TENSORFLOW_PACKAGES;
  if (!found) {
    const install = names.map((name) => `npm install @tensorflow/${name}@4.22.0`).join(' or ');
    throw new TensorFlowUnavailableError(
      'missing',
      `tensorflow: ${names.map((name) => `@tensorflow/${name}`).join(' and ')} not installed; run: ${install}`,
    );
  }
  restoreIsNullOrUndefined();
  // its greeting about processor instructions is of no use here
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1';
  try {
    const load = createRequire(join(found.folder, 'package.json'));
    return { package: found.package, tf: load(`@tensorflow/${found.package}`) as LoadedTensorFlow['tf'] };
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '').trim() : String(cause);
    throw new TensorFlowUnavailableError(
      'unusable',
      `tensorflow: @tensorflow/${found.package} in ${dirname(dirname(found.folder))} does not load (${message}); its install ` +
        `script must run and reach its downloads: npm rebuild @tensorflow/${found.package}, or allow its build in pnpm`,
      { cause },
    );
  }
}

/** tfjs-node 4.22 calls a function that Node 23 took out of `util`, in nearly every operation. */
function restoreIsNullOrUndefined(): void {
  if ('isNullOrUndefined' in util) return;
  Object.defineProperty(util, 'isNullOrUndefined', {
    value: (value: unknown) => value === null || value === undefined,
    configurable: true,
  });
}
