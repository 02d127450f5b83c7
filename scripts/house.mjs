// @ts-check
/**
 * The house: which package lives on which floor. A package imports only packages on lower floors; lint and the tests of
 * lint read this table and nothing else does.
 */

/** From the ground up. A package not listed here fails lint. */
export const FLOORS = [
  { floor: 'the ground', packages: ['@umt/crc'] },
  { floor: 'floor 0', packages: ['@umt/tensor', '@umt/random', '@umt/checkpoint', '@umt/video', '@umt/metrics'] },
  { floor: 'engines', packages: ['@umt/engine-tfjs', '@umt/engine-torch'] },
  { floor: 'engines built on engine-tfjs', packages: ['@umt/engine-webgpu'] },
  { floor: 'floor 1', packages: ['@umt/nn', '@umt/masking', '@umt/losses', '@umt/data', '@umt/sprites'] },
  { floor: 'floor 2', packages: ['@umt/tokenizer'] },
  { floor: 'floor 3', packages: ['@umt/vit', '@umt/clip', '@umt/bert', '@umt/runtime'] },
  { floor: 'floor 4', packages: ['@umt/trainer'] },
  { floor: 'floor 5', packages: ['unmasked-teacher'] },
  { floor: 'private', packages: ['@umt/conformance'] },
];

/** Models never ask which engine runs: only these name one. */
const MAY_IMPORT_ENGINES = new Set(['@umt/runtime', '@umt/conformance', '@umt/engine-webgpu']);

/** These hand out plain typed arrays, so that their workers load no engine. */
const TENSOR_FREE = new Set([
  '@umt/crc',
  '@umt/random',
  '@umt/checkpoint',
  '@umt/video',
  '@umt/metrics',
  '@umt/data',
  '@umt/sprites',
]);

/** @param {string} name */
export const isEngine = (name) => name.startsWith('@umt/engine-');

/** @param {string} name */
const floorOf = (name) => FLOORS.findIndex(({ packages }) => packages.includes(name));

/**
 * Why `importer` may not import `imported`, both workspace packages; undefined where it may.
 * @param {string} importer
 * @param {string} imported
 * @returns {string | undefined}
 */
export function floorViolation(importer, imported) {
  const [from, to] = [floorOf(importer), floorOf(imported)];
  if (from < 0) return `${importer} is on no floor: add it to scripts/house.mjs`;
  if (to < 0) return `${imported} is on no floor: add it to scripts/house.mjs`;
  if (to >= from) {
    return `${importer} (${FLOORS[from]?.floor}) may not import ${imported} (${FLOORS[to]?.floor}): only lower floors`;
  }
  if (isEngine(imported) && !MAY_IMPORT_ENGINES.has(importer)) {
    return `${importer} may not import an engine: take one through @umt/runtime, or be handed one`;
  }
  if (imported === '@umt/tensor' && TENSOR_FREE.has(importer)) {
    return `${importer} hands out plain typed arrays and may not import @umt/tensor`;
  }
  return undefined;
}

/**
 * The package a bare specifier names: '@umt/nn/layers' gives '@umt/nn', 'zod/v4' gives 'zod'.
 * @param {string} specifier
 */
export function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** @param {string} name */
export const isWorkspacePackage = (name) => name.startsWith('@umt/') || name === 'unmasked-teacher';
