// @ts-check
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import ts from 'typescript';
import { publicPackages, ROOT } from './workspace.mjs';

/**
 * @typedef {import('./workspace.mjs').Package} Package
 *
 * @typedef {object} Declarations
 * @property {ReadonlyMap<string, string>} files file name to text, nothing written yet
 * @property {string} problems the compiler's report of every type error, empty when there is none
 */

/**
 * The type declarations of all public packages, made in a worker so that other builds go on meanwhile.
 * @returns {Promise<Declarations>}
 */
export function emitInWorker() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url));
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/**
 * The declarations of all packages from one TypeScript program, which checks each file once; a program per package would
 * check what it imports again and again.
 * @param {readonly Package[]} packages
 * @returns {Declarations}
 */
function emitDeclarations(packages) {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const roots = packages.flatMap(({ dir, manifest }) => typeEntries(manifest).map((entry) => join(dir, entry)));
  const program = ts.createProgram(roots, {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: ROOT,
  });

  const folders = packages.map(({ dir }) => join(dir, 'src') + sep);
  /** @type {Map<string, string>} */
  const files = new Map();
  const { diagnostics } = program.emit(undefined, (name, text) => {
    const folder = folders.find((one) => join(name).startsWith(one));
    if (folder === undefined) return;
    files.set(join(dirname(folder), 'dist', join(name).slice(folder.length)), withJsSpecifiers(text, name));
  });
  return { files, problems: report([...ts.getPreEmitDiagnostics(program), ...diagnostics]) };
}

/** @param {ReadonlyMap<string, string>} files */
export function writeDeclarations(files) {
  for (const [name, text] of files) {
    mkdirSync(dirname(name), { recursive: true });
    writeFileSync(name, text);
  }
}

/**
 * The sources whose declarations `exports` names: './dist/index.d.ts' comes from 'src/index.ts'.
 * @param {import('./workspace.mjs').Manifest} manifest
 */
function typeEntries({ exports = {} }) {
  /** @type {Set<string>} */
  const entries = new Set();
  const collect = (/** @type {import('./workspace.mjs').ExportTarget} */ target) => {
    if (typeof target !== 'string') return Object.values(target).forEach(collect);
    const match = /^\.\/dist\/(.+)\.d\.ts$/.exec(target);
    if (match) entries.add(`src/${match[1]}.ts`);
  };
  Object.values(exports).forEach(collect);
  return [...entries];
}

/**
 * Sources import './x.ts'; what is published is './x.js'.
 * @param {string} text
 * @param {string} name
 */
function withJsSpecifiers(text, name) {
  return text.replace(/(\bfrom |\bimport\(|\bimport )(["'])(\.{1,2}\/[^"']+)\2/g, (_all, before, quote, specifier) => {
    if (specifier.includes('/packages/') || /(\.\.\/)+[a-z-]+\/src\//.test(specifier)) {
      throw new Error(
        `${name} infers a type that another package does not export (${specifier}): export it, or write the type out`,
      );
    }
    return `${before}${quote}${specifier.replace(/\.ts$/, '.js')}${quote}`;
  });
}

/** @param {readonly ts.Diagnostic[]} diagnostics */
function report(diagnostics) {
  return ts.formatDiagnostics(diagnostics, {
    getCurrentDirectory: () => ROOT,
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  });
}

if (!isMainThread) parentPort?.postMessage(emitDeclarations(publicPackages()));
