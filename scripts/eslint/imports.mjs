// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { floorViolation, isEngine, isWorkspacePackage, packageOf } from '../house.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILTINS = new Set(builtinModules);

/** @typedef {{ readonly name: string, readonly isPrivate: boolean, readonly dir: string, readonly path: string, readonly listed: ReadonlySet<string>, readonly dev: ReadonlySet<string> }} Importer */

/** @type {Map<string, Omit<Importer, 'path'>>} */
const manifests = new Map();

/**
 * The package a file belongs to, and the file's path inside it.
 * @param {string} filename
 * @returns {Importer}
 */
function importerOf(filename) {
  let dir = dirname(filename);
  while (!existsSync(join(dir, 'package.json')) && dir !== dirname(dir)) dir = dirname(dir);
  let known = manifests.get(dir);
  if (known === undefined) {
    const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    const names = (/** @type {readonly string[]} */ fields) =>
      fields.flatMap((field) => Object.keys(manifest[field] ?? {}));
    known = {
      name: manifest.name,
      isPrivate: manifest.private === true,
      dir,
      listed: new Set(names(['dependencies', 'peerDependencies', 'optionalDependencies'])),
      dev: new Set(names(['devDependencies'])),
    };
    manifests.set(dir, known);
  }
  return { ...known, path: relative(dir, filename).split(sep).join('/') };
}

/** @param {string} specifier */
const isNodeBuiltin = (specifier) => specifier.startsWith('node:') || BUILTINS.has(packageOf(specifier));

/** Only files with "node" in their place or name may use Node: src/node/..., *.node.ts, bin.ts. */
const mayUseNode = (/** @type {string} */ path) => /^src\/(.*\/)?(node\/|[^/]+\.node\.ts$|bin\.ts$)/.test(path);

/**
 * @typedef {{ readonly importer: Importer, readonly specifier: string, readonly isType: boolean }} Import
 * @typedef {(found: Import) => string | undefined} Check says what is wrong with an import
 */

/**
 * A rule over everything that imports: import, export from, import(), require(), import types.
 * @param {string} description
 * @param {Check} check
 * @returns {import('eslint').Rule.RuleModule}
 */
function importRule(description, check) {
  return {
    meta: { type: 'problem', docs: { description }, schema: [] },
    create(context) {
      const importer = importerOf(context.filename);
      const visit = (/** @type {any} */ node, /** @type {any} */ source, isType = node.importKind === 'type') => {
        if (typeof source?.value !== 'string') return;
        const message = check({ importer, specifier: source.value, isType });
        if (message !== undefined) context.report({ node, message });
      };
      return {
        ImportDeclaration: (node) => visit(node, node.source),
        ExportNamedDeclaration: (node) => visit(node, node.source),
        ExportAllDeclaration: (node) => visit(node, node.source),
        ImportExpression: (node) => visit(node, node.source),
        TSImportType: (/** @type {any} */ node) => visit(node, node.source ?? node.argument?.literal, true),
        'CallExpression[callee.name="require"]': (/** @type {any} */ node) => visit(node, node.arguments[0]),
      };
    },
  };
}

const inSource = (/** @type {Importer} */ importer) => importer.path.startsWith('src/');

/** A package imports only packages on lower floors; `@tensorflow/*` stays inside the engines. */
export const floors = importRule('hold the floors', ({ importer, specifier }) => {
  if (specifier.startsWith('@tensorflow/') && !isEngine(importer.name)) {
    return `only packages/engine-* import @tensorflow/*, not ${importer.name}`;
  }
  const imported = packageOf(specifier);
  if (!isWorkspacePackage(imported) || !inSource(importer) || !importer.dir.startsWith(join(ROOT, 'packages'))) {
    return undefined;
  }
  return imported === importer.name
    ? `${importer.name} imports itself by name: use a relative path`
    : floorViolation(importer.name, imported);
});

/**
 * A package imports only what its package.json lists. Tests and private packages may also use the workspace's packages (they run from source)
 * and the tools of the root.
 */
export const listedImports = importRule('import only what package.json lists', ({ importer, specifier }) => {
  if (specifier.startsWith('.') || isNodeBuiltin(specifier) || specifier.startsWith('data:')) return undefined;
  const imported = packageOf(specifier);
  if (importer.listed.has(imported) || imported === importer.name) return undefined;
  const isTool = importer.isPrivate || !inSource(importer);
  if (isTool && (importer.dev.has(imported) || isWorkspacePackage(imported))) return undefined;
  if (isTool && importerOf(join(ROOT, 'package.json')).dev.has(imported)) return undefined;
  return `${imported} is not in the ${isTool ? '' : 'dependencies or peerDependencies of '}package.json of ${importer.name}`;
});

/** Default entries run in browsers: Node built-ins only where the file's name or folder says so. */
export const browserSafe = importRule('no Node built-in in browser-safe files', ({ importer, specifier, isType }) => {
  if (!inSource(importer) || isType || !isNodeBuiltin(specifier) || mayUseNode(importer.path)) return undefined;
  return `${specifier} in a file that browsers load: move it to src/node/, a *.node.ts file or bin.ts, behind the "node" export condition`;
});

/** Relative imports carry their extension, so that what is written is what is loaded. */
export const relativeExtension = importRule('relative imports end in their extension', ({ specifier }) =>
  /^\.{1,2}\//.test(specifier) && !/\.(ts|mts|js|mjs|json|wasm)(\?.*)?$/.test(specifier)
    ? `write the extension: '${specifier}.ts'`
    : undefined,
);
