// @ts-check
/**
 * Installs all public packages from their tarballs into one small Vite project, the way their READMEs say, builds it, and
 * opens a page for each README's example in headless Chromium. Any error on the console fails.
 *
 *   node scripts/vite-check.mjs            all packages
 *   node scripts/vite-check.mjs @umt/nn    only this
 *
 * Needs `pnpm build` before. A README's example for Vite's own ways is a block that begins with ```ts vite.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { conclude } from './check.mjs';
import { findChromium } from './chromium.mjs';
import { isWorkspacePackage } from './house.mjs';
import { packAll } from './pack.mjs';
import { readReadme } from './readme.mjs';
import { CommandError, run } from './run.mjs';
import { serve } from './serve.mjs';
import { launchChromium, visit } from './visit.mjs';
import { publicPackages, ROOT } from './workspace.mjs';

/** One that runs on the oldest supported Node. */
const VITE = '8.3.8';

/** Peers that only Node can use: a browser app would not install them, and must build without them. */
const NODE_ONLY = new Set(['node-av', 'onnxruntime-node', 'webgpu']);

/** Packages whose examples only Node can run: apps that also run in browsers must load them without an error. */
const NODE_EXAMPLES = new Set(['@umt/engine-torch']);

/** What README examples read, as an app would serve it. */
const SERVED = [{ from: 'assets/clips/box-1.mp4', to: 'clip.mp4' }];

const HTML = (/** @type {string} */ script) =>
  `<!doctype html>\n<link rel="icon" href="data:," />\n<script type="module" src="${script}"></script>\n`;

/** @typedef {{ readonly name: string, readonly page: string, readonly code: string }} Page */

/**
 * The pages a package's README asks for.
 * @param {import('./workspace.mjs').Package} one
 * @returns {readonly Page[]}
 */
function pagesOf(one) {
  const { example, text } = readReadme(one);
  if (example === undefined) throw new Error(`${one.name}: its README has no \`\`\`ts example`);
  const slug = one.name.replace('@', '').replace('/', '-');
  const forVite = [...text.matchAll(/^```ts vite\n([\s\S]*?)^```$/gm)];
  return [
    { name: one.name, page: `${slug}.html`, code: NODE_EXAMPLES.has(one.name) ? loading(one.name) : example },
    // Not at the root, so that nothing is found by chance.
    ...forVite.map(([, code = ''], index) => ({
      name: `${one.name} (Vite)`,
      page: `deep/${slug}-${index}.html`,
      code,
    })),
  ];
}

/** A page that loads a package and no more. @param {string} name */
const loading = (name) =>
  `import * as loaded from '${name}';\nif (Object.keys(loaded).length === 0) throw new Error('it exports nothing');`;

/**
 * @param {string} folder
 * @param {ReadonlyMap<string, string>} tarballs
 * @param {readonly Page[]} pages
 */
async function writeProject(folder, tarballs, pages) {
  /** @type {Record<string, string>} */
  const dependencies = { vite: VITE };
  for (const [name, tarball] of tarballs) dependencies[name] = `file:${tarball}`;
  for (const one of publicPackages()) {
    for (const word of readReadme(one).install) {
      const at = word.lastIndexOf('@');
      const [name, version] = at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word, '*'];
      if (!isWorkspacePackage(name) && !NODE_ONLY.has(name)) dependencies[name] = version;
    }
  }
  mkdirSync(join(folder, 'public'), { recursive: true });
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
  for (const { page, code } of pages) {
    const script = page.replace(/\.html$/, '.ts');
    writeFileSync(join(folder, page), HTML(`/${script}`));
    writeFileSync(join(folder, script), `${code}\nObject.assign(globalThis, { result: 'done' });\nexport {};\n`);
  }
  const input = JSON.stringify(pages.map(({ page }) => page));
  const target = `target: 'es2022', rollupOptions: { input: ${input} }`;
  writeFileSync(join(folder, 'vite.config.js'), `export default { build: { ${target} } };\n`);
  for (const { from, to } of SERVED) copyFileSync(join(ROOT, from), join(folder, 'public', to));
}

/** The commands that READMEs give for a project with a public/ folder, run there as they stand. @param {string} folder */
async function followReadmes(folder) {
  for (const one of publicPackages()) {
    for (const [line] of readReadme(one).text.matchAll(/^cp .* public\/$/gm)) {
      await run('sh', ['-c', line], { cwd: folder });
    }
  }
}

/**
 * Opens the pages one after another and says what went wrong.
 * @param {string} origin
 * @param {readonly Page[]} pages
 * @param {import('playwright').Browser} browser
 */
async function openPages(origin, pages, browser) {
  /** @type {string[]} */
  const problems = [];
  for (const { name, page } of pages) {
    const start = performance.now();
    const seen = await visit(browser, `${origin}/${page}`);
    problems.push(...seen.problems.map((problem) => `${name}: ${problem}`));
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${seen.problems.length === 0 ? 'ok ' : 'BAD'} ${name.padEnd(24)} ${seconds} s`);
  }
  return problems;
}

/** @param {string} folder @param {readonly Page[]} pages @param {import('playwright').Browser} browser */
async function openBuilt(folder, pages, browser) {
  const output = await run(process.execPath, [join(folder, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: folder });
  console.log(/^.*modules transformed.*$/m.exec(output)?.[0] ?? output);
  const server = await serve((path) => {
    const file = join(folder, 'dist', path);
    return existsSync(file) ? readFileSync(file) : undefined;
  });
  try {
    return await openPages(server.origin, pages, browser);
  } finally {
    server.close();
  }
}

/**
 * Vite's development server resolves and prepares packages its own way: its first pages must work too.
 * @param {string} folder @param {readonly Page[]} pages @param {import('playwright').Browser} browser
 */
async function openServed(folder, pages, browser) {
  const { createServer } = await import(pathToFileURL(join(folder, 'node_modules/vite/dist/node/index.js')).href);
  const server = await createServer({ root: folder, logLevel: 'error', server: { host: '127.0.0.1', port: 0 } });
  try {
    await server.listen();
    return await openPages(`http://127.0.0.1:${server.httpServer.address().port}`, pages, browser);
  } finally {
    await server.close();
  }
}

const { positionals } = parseArgs({ allowPositionals: true });
const pages = publicPackages()
  .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  .flatMap(pagesOf);
const chromium = findChromium();
const scratch = mkdtempSync(join(tmpdir(), 'umt-vite-'));
const folder = join(scratch, 'app');
try {
  if (chromium === undefined) throw new Error('no Chromium on the PATH: install one, or name it in UMT_CHROMIUM');
  await writeProject(folder, await packAll(scratch), pages);
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder });
  await followReadmes(folder);
  const browser = await launchChromium(chromium);
  /** @type {readonly string[]} */
  let problems = [];
  try {
    const built = await openBuilt(folder, pages, browser);
    console.log('by the development server');
    const served = await openServed(folder, pages, browser);
    problems = [
      ...built.map((problem) => `in a page that Vite built, ${problem}`),
      ...served.map((problem) => `in a page of Vite's development server, ${problem}`),
    ];
  } finally {
    await browser.close();
  }
  conclude(problems, `${pages.length} README examples run in pages that Vite ${VITE} built`);
} catch (error) {
  const output = error instanceof CommandError ? `\n${error.output.trim()}` : '';
  conclude([`${error instanceof Error ? error.message : error}${output}`], '');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
